// @vitest-environment jsdom
// What waits and runs comes and goes by the second; how often it is asked for does not follow that.
import { flushSync, mount, unmount } from 'svelte'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Status } from '../../lib/api/types'
import { studio } from '../../lib/store/studio.svelte'
import Requests from './Requests.svelte'

const status = { in_flight: 1, waiting: [] } as unknown as Status

describe('the list of requests', () => {
  let asked: number
  beforeEach(() => {
    asked = 0
    vi.useFakeTimers({ now: 1_800_000_000_000 })
    vi.stubGlobal('fetch', async () => {
      asked += 1
      return Response.json({ requests: [] })
    })
    studio.link = { state: 'live' }
  })
  afterEach(() => {
    studio.link = { state: 'connecting' }
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  /** Something runs for so long. */
  async function running(ms: number): Promise<void> {
    const list = mount(Requests, { target: document.body, props: { status } })
    flushSync()
    await vi.advanceTimersByTimeAsync(ms)
    await unmount(list)
  }

  it('is asked for at most once a second, however often something begins and ends', async () => {
    for (let i = 0; i < 9; i += 1) await running(100)
    expect(asked).toBe(1)
    for (let i = 0; i < 9; i += 1) await running(100)
    expect(asked).toBe(2)
  })
})
