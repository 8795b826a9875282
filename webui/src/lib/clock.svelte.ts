// One clock for the whole page, so that "for 2 h 14 m" moves on without a timer per number.

class Clock {
  private live = $state(Date.now())
  /** The moment that is shown instead of now, in milliseconds since the epoch. */
  at = $state<number | null>(null)

  constructor() {
    setInterval(() => {
      this.live = Date.now()
    }, 1000)
  }

  /** Milliseconds since the epoch, stepping once a second. */
  get now(): number {
    return this.at ?? this.live
  }
}

export const clock = new Clock()
