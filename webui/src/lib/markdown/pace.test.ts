// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Pace } from './pace'

/** How often it shows in a second in which something new comes every 10 ms, so many characters each time. */
function shownIn(characters: number): number {
  let [shown, fresh] = [0, 0]
  const pace = new Pace(() => {
    shown++
    const taken = fresh
    fresh = 0
    return taken
  })
  for (let at = 0; at < 1000; at += 10) {
    fresh += characters
    pace.soon()
    vi.advanceTimersByTime(10)
  }
  pace.stop()
  return shown
}

describe('what grows', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('is shown some 30 times a second while it can be read, and half as often where it can not', () => {
    const slowly = shownIn(2)
    const quickly = shownIn(60)
    expect(slowly).toBeGreaterThan(20)
    expect(slowly).toBeLessThanOrEqual(32)
    expect(quickly).toBeLessThanOrEqual(slowly * 0.7)
    expect(quickly).toBeGreaterThanOrEqual(10)
  })

  it('is shown at once when nothing more comes, and no more after a stop', () => {
    const show = vi.fn(() => 1)
    const pace = new Pace(show)
    pace.now()
    expect(show).toHaveBeenCalledTimes(1)
    pace.soon()
    pace.stop()
    vi.advanceTimersByTime(5000)
    expect(show).toHaveBeenCalledTimes(1)
  })
})
