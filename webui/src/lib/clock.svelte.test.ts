// @vitest-environment jsdom
import { flushSync } from 'svelte'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { clock } from './clock.svelte'

const NOW = 1_800_000_000_000

/** What a page would show of it; returns all it showed, and how to leave the page. */
function shown(read: () => number): { seen: number[]; leave: () => void } {
  const seen: number[] = []
  const leave = $effect.root(() => {
    $effect(() => {
      seen.push(read())
    })
  })
  flushSync()
  return { seen, leave }
}

describe('the clock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('stands still, without a timer, while nothing on the page shows the time', async () => {
    expect(vi.getTimerCount()).toBe(0)
    const page = shown(() => clock.now)
    expect(vi.getTimerCount()).toBe(1)
    page.leave()
    await vi.advanceTimersByTimeAsync(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('steps once a second for what is young, and once a minute for what is told in hours', () => {
    const young = shown(() => clock.since((NOW - 5_000) * 1000))
    const old = shown(() => clock.since((NOW - 7_200_000) * 1000))
    vi.advanceTimersByTime(3_000)
    flushSync()
    expect(young.seen.at(-1)).toBe(8)
    expect(old.seen).toEqual([7200])
    vi.advanceTimersByTime(57_000)
    flushSync()
    expect(old.seen).toEqual([7200, 7260])
    young.leave()
    old.leave()
  })

  it('steps once a minute for what lasts, after its first minute, and tells whole minutes of it', () => {
    const fresh = shown(() => clock.age((NOW - 58_000) * 1000))
    const old = shown(() => clock.age((NOW - 754_000) * 1000))
    for (let seconds = 0; seconds < 59; seconds += 1) {
      vi.advanceTimersByTime(1_000)
      flushSync()
    }
    expect(fresh.seen).toEqual([58, 59, 60])
    expect(old.seen).toEqual([720])
    vi.advanceTimersByTime(1_000)
    flushSync()
    expect(old.seen).toEqual([720, 780])
    fresh.leave()
    old.leave()
  })

  it('shows another moment while one is looked at', () => {
    clock.at = NOW - 60_000
    expect(clock.since((NOW - 90_000) * 1000)).toBe(30)
    clock.at = null
  })
})
