import { afterEach, describe, expect, it, vi } from 'vitest'
import type { FactEntry } from '../api/types'
import { studio } from '../store/studio.svelte'
import { mcp, type CallState } from './api'
import { calls } from './calls.svelte'

const call = (state: CallState['state']): CallState => ({ call_id: 'c1', state, shown: 'seen' }) as CallState

/** What the studio is asked, each answered when a test says so. */
function asked<T>(): { ask: () => Promise<T>; answer: (at: number, value: T) => Promise<void> } {
  const open: ((value: T) => void)[] = []
  return {
    ask: () => new Promise<T>((answered) => open.push(answered)),
    answer: async (at, value) => {
      open[at]!(value)
      await new Promise((resolve) => setTimeout(resolve))
    },
  }
}

afterEach(() => vi.restoreAllMocks())

describe('what was answered here', () => {

  it('does not come back with what was told before', async () => {
    const lists = asked<CallState[]>()
    const denials = asked<unknown>()
    vi.spyOn(mcp, 'calls').mockImplementation(lists.ask as typeof mcp.calls)
    vi.spyOn(mcp, 'deny').mockImplementation(denials.ask as typeof mcp.deny)
    void calls.load()
    await lists.answer(0, [call('asking')])
    expect(calls.asking).toHaveLength(1)

    void calls.load()
    void calls.load()
    const denied = calls.deny(calls.list[0]!)
    expect(calls.asking).toHaveLength(0)
    await lists.answer(1, [call('asking')])
    expect(calls.asking).toHaveLength(0)
    await denials.answer(0, null)
    await lists.answer(2, [call('asking')])
    expect(calls.asking).toHaveLength(0)
    await lists.answer(3, [call('denied')])
    expect(await denied).toBe(true)
    expect(calls.list.map(({ state }) => state)).toEqual(['denied'])
  })
})

describe('a call that waits for its server', () => {
  afterEach(() => vi.useRealTimers())

  it('is seen to ask once the server is there', async () => {
    vi.useFakeTimers()
    let tell: (fact: FactEntry) => void = () => {}
    vi.spyOn(studio, 'onFact').mockImplementation((listener) => {
      tell = listener
      return () => {}
    })
    const told = vi.spyOn(mcp, 'calls').mockResolvedValue([call('running')])
    calls.watch()
    await vi.runAllTimersAsync()
    expect(calls.asking).toHaveLength(0)

    told.mockResolvedValue([call('asking')])
    tell({ type: 'mcp-server-connected' } as FactEntry)
    await vi.runAllTimersAsync()
    expect(calls.asking).toHaveLength(1)
  })
})
