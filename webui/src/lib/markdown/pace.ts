// How often something that grows is shown: once a frame at most, 30 times a second, and seldomer when it takes
// long. A page that is not seen gets no frames; a timer sees to it that it does not fall behind.

const FRAME_MS = 33
/** Showing takes at most one part of so many of the time. */
const PARTS = 6
const UNSEEN_MS = 1000

export class Pace {
  private frame = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private earliest = 0

  constructor(private readonly show: () => void) {}

  soon(): void {
    if (this.frame || this.timer !== undefined) return
    this.timer = setTimeout(() => this.now(), UNSEEN_MS)
    this.wait()
  }

  now(): void {
    this.stop()
    const since = performance.now()
    this.show()
    const until = performance.now()
    this.earliest = since + Math.max(FRAME_MS - 4, (until - since) * PARTS)
  }

  stop(): void {
    cancelAnimationFrame(this.frame)
    clearTimeout(this.timer)
    this.frame = 0
    this.timer = undefined
  }

  private wait(): void {
    this.frame = requestAnimationFrame((at) => {
      if (at >= this.earliest) this.now()
      else this.wait()
    })
  }
}
