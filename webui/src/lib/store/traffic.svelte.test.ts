// @vitest-environment jsdom
import { flushSync } from 'svelte'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Status } from '../api/types'
import { BLANK } from './picture'
import { studio } from './studio.svelte'
import { Follower } from './traffic.svelte'

const WAIT = 4000

function running(requests: number): void {
  const status = { in_flight: requests, recipes: [] } as unknown as Status
  studio.live = { ...BLANK, status }
  flushSync()
}

/** A page that shows requests: how often it asked, and how to leave it. */
function page(answered = (): boolean => true): { asked: () => number; ask: () => void; leave: () => void } {
  let asked = 0
  let follower!: Follower
  const ask = (): void => {
    asked += 1
    follower.asking()
    follower.heard(answered())
  }
  const leave = $effect.root(() => {
    follower = new Follower(ask, () => WAIT)
  })
  flushSync()
  return { asked: () => asked, ask, leave }
}

describe('a page that shows requests', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    studio.link = { state: 'live' }
    running(2)
  })
  afterEach(() => {
    studio.live = BLANK
    studio.link = { state: 'connecting' }
    vi.useRealTimers()
  })

  it('asks once, and neither again nor by a timer while nothing comes or goes', () => {
    const shown = page()
    shown.ask()
    running(2)
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(3_600_000)
    expect(shown.asked()).toBe(1)
    shown.leave()
  })

  it('asks again when some came, once for all that came meanwhile', () => {
    const shown = page()
    shown.ask()
    running(3)
    for (let n = 0; n < 7; n += 1) {
      vi.advanceTimersByTime(500)
      running(4 + n)
    }
    expect(shown.asked()).toBe(1)
    vi.advanceTimersByTime(500)
    expect(shown.asked()).toBe(2)
    vi.advanceTimersByTime(3_600_000)
    expect(shown.asked()).toBe(2)
    shown.leave()
  })

  it('asks once more when no answer came, later each time, and not for ever', () => {
    const shown = page(() => false)
    shown.ask()
    vi.advanceTimersByTime(2 * WAIT - 1)
    expect(shown.asked()).toBe(1)
    vi.advanceTimersByTime(1)
    expect(shown.asked()).toBe(2)
    vi.advanceTimersByTime(4 * WAIT)
    expect(shown.asked()).toBe(3)
    vi.advanceTimersByTime(3_600_000)
    expect(shown.asked()).toBe(6)
    expect(vi.getTimerCount()).toBe(0)
    shown.leave()
  })

  it('is as quick as before once an answer came', () => {
    let well = false
    const shown = page(() => well)
    shown.ask()
    well = true
    vi.advanceTimersByTime(2 * WAIT)
    expect(shown.asked()).toBe(2)
    expect(vi.getTimerCount()).toBe(0)
    running(3)
    vi.advanceTimersByTime(WAIT)
    expect(shown.asked()).toBe(3)
    shown.leave()
  })

  it('asks no more when it was left, also when no answer comes', () => {
    const shown = page(() => false)
    shown.ask()
    shown.leave()
    shown.ask() // its answer was on its way
    vi.advanceTimersByTime(3_600_000)
    expect(shown.asked()).toBe(2)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('asks no more when it was left', () => {
    const shown = page()
    shown.ask()
    running(3)
    shown.leave()
    vi.advanceTimersByTime(3_600_000)
    expect(shown.asked()).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})
