// One clock for the whole page, so that "for 2 h 14 m" moves on without a timer per number.

class Clock {
  /** Milliseconds since the epoch, stepping once a second. */
  now = $state(Date.now())

  constructor() {
    setInterval(() => {
      this.now = Date.now()
    }, 1000)
  }
}

export const clock = new Clock()
