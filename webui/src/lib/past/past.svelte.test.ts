// @vitest-environment jsdom
// The code of the past comes with the first look at it. Some browsers never ask again for a script that once did
// not come, so it is asked for only when the studio has answered.
import { afterEach, expect, it, vi } from 'vitest'
import { past } from './past.svelte'

const came = vi.hoisted(() => ({ asked: false }))
vi.mock('./then', () => {
  came.asked = true
  return { pictureThen: (_: unknown, now: unknown) => now }
})
const STATE = { position: 7, recorded_at: null }

afterEach(() => {
  past.leave()
  vi.unstubAllGlobals()
})

it('a look at the past that nobody answered can be had once somebody does', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('gone')))
  await past.go(7)
  await vi.dynamicImportSettled()
  expect([past.on, came.asked]).toEqual([false, false])
  vi.stubGlobal('fetch', async () => Response.json(STATE))
  await past.go(7)
  expect([past.on, came.asked, past.at]).toEqual([true, true, 7])
})

it('who leaves it before a moment has come is not taken back', async () => {
  let answer: (state: object) => void = () => {}
  vi.stubGlobal('fetch', () => new Promise((done) => (answer = (state) => done(Response.json(state)))))
  for (const before of ['now', 'the past'] as const) {
    if (before === 'the past') {
      const first = past.go(7)
      answer(STATE)
      await first
      expect(past.on).toBe(true)
    }
    const moved = past.go(8)
    past.leave()
    answer({ ...STATE, position: 8 })
    await moved
    expect([before, past.on, past.at]).toEqual([before, false, null])
  }
})
