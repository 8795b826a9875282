// One clock for the whole page, so that "for 2 h 14 m" moves on without a timer per number. It runs only
// while something on the page shows the time, and only as often as what is shown can change.
import { createSubscriber } from 'svelte/reactivity'

const SECOND_MS = 1000
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

const every = (ms: number): (() => void) =>
  createSubscriber((update) => {
    const timer = setInterval(update, ms)
    return () => clearInterval(timer)
  })

class Clock {
  /** The moment that is shown instead of now, in milliseconds since the epoch. */
  at = $state<number | null>(null)
  private seconds = every(SECOND_MS)
  private minutes = every(MINUTE_MS)

  /** Milliseconds since the epoch, stepping once a second. */
  get now(): number {
    if (this.at !== null) return this.at
    this.seconds()
    return Date.now()
  }

  /** The same for what was at `since`: once it is `fine` milliseconds old it steps once a minute. */
  nowFor(since: number, fine = MINUTE_MS): number {
    if (this.at !== null) return this.at
    const now = Date.now()
    if (now - since < fine) this.seconds()
    else this.minutes()
    return now
  }

  /** Seconds since a moment in microseconds, never below zero: of what goes on, and is watched. */
  since(micros: number): number {
    return Math.max(0, Math.floor((this.nowFor(micros / 1000, HOUR_MS) * 1000 - micros) / 1e6))
  }

  /** The same of what lasts: whole minutes after the first one. */
  age(micros: number): number {
    const seconds = Math.max(0, Math.floor((this.nowFor(micros / 1000) * 1000 - micros) / 1e6))
    return seconds < 60 ? seconds : seconds - (seconds % 60)
  }
}

export const clock = new Clock()
