// @vitest-environment jsdom
import { flushSync } from 'svelte'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { studio } from '../../lib/store/studio.svelte'
import { Titles } from './titles.svelte'

const LIST = { conversations: [{ conversation_id: '01a1', title: 'Costs', standing: 'open' }] }
const DENIED = { title: 'no', detail: 'not for you', status: 403, code: 'no' }

describe('what conversations are called', () => {
  let titles: Titles
  let answers: (() => Promise<Response>)[]
  let asked: number
  let leave: () => void
  const title = (): string | null | undefined => titles.known.get('01a1')?.title

  /** A page that names one, as a line of the timeline does. */
  function open(): void {
    studio.link = { state: 'live' }
    titles = new Titles()
    leave = $effect.root(() => {
      $effect(() => titles.want())
    })
    flushSync()
  }

  /** What was asked is answered by now; the connection was lost, and is there again. */
  async function again(): Promise<void> {
    await new Promise((done) => setTimeout(done))
    studio.link = { state: 'connecting' }
    flushSync()
    studio.link = { state: 'live' }
    flushSync()
  }

  beforeEach(() => {
    asked = 0
    vi.stubGlobal('fetch', () => {
      asked += 1
      return answers.shift()!()
    })
  })
  afterEach(() => {
    leave()
    studio.link = { state: 'connecting' }
    vi.unstubAllGlobals()
  })

  it('is asked for once more after nobody answered', async () => {
    answers = [() => Promise.reject(new TypeError('gone')), async () => Response.json(LIST)]
    open()
    await again()
    await vi.waitFor(() => expect(title()).toBe('Costs'))
    await again()
    expect(asked).toBe(2)
  })

  it('is not asked for again by whoever may not know', async () => {
    answers = [async () => Response.json(DENIED, { status: 403 })]
    open()
    await again()
    expect(asked).toBe(1)
    expect(title()).toBeUndefined()
  })
})
