// How often something that grows is shown: once a frame at most, 30 times a second; half as often where more comes
// than anybody can read, and seldomer when it takes long. A page that is not seen gets no frames; a timer sees to it that it does not fall behind.

const FRAME_MS = 33
/** Characters at once that nobody reads as they come: some 500 tokens a second. */
const MANY = 64
/** A frame is asked for so long before it is due: it comes with the next refresh of the screen. */
const FRAME_AHEAD_MS = 8
/** Showing takes at most one part of so many of the time. */
const PARTS = 6
const UNSEEN_MS = 1000

export class Pace {
  private frame = 0
  private rest: ReturnType<typeof setTimeout> | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  private earliest = 0

  /** `show` says how many characters were new. */
  constructor(private readonly show: () => number) {}

  soon(): void {
    if (this.timer !== undefined) return
    this.timer = setTimeout(() => this.now(), UNSEEN_MS)
    this.wait()
  }

  now(): void {
    this.stop()
    const since = performance.now()
    const frame = this.show() > MANY ? 2 * FRAME_MS : FRAME_MS
    const until = performance.now()
    this.earliest = since + Math.max(frame - 4, (until - since) * PARTS)
  }

  stop(): void {
    cancelAnimationFrame(this.frame)
    clearTimeout(this.rest)
    clearTimeout(this.timer)
    this.frame = 0
    this.timer = undefined
  }

  /** No frame is asked for before its time: each costs the page something, also with nothing new in it. */
  private wait(): void {
    const rest = this.earliest - FRAME_AHEAD_MS - performance.now()
    const next = (): void => {
      this.frame = requestAnimationFrame(() => this.now())
    }
    if (rest > 0) this.rest = setTimeout(next, rest)
    else next()
  }
}
