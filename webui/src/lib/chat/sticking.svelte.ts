// Whether a thread is kept at its newest line, by how it is scrolled. A person who goes up, by whatever means and
// however little, is let go at once, and held again when they come back to the end. What moves by itself is no
// reason: browsers scroll when the thread gets shorter, or its place gets higher.

const NEAR_PX = 48
const MOVED_PX = 1

export interface Scrolled {
  readonly scrollTop: number
  readonly scrollHeight: number
  readonly clientHeight: number
}

export class Sticking {
  stuck = $state(true)
  private top = 0
  private height = 0

  /** It was scrolled, by whomever. */
  scrolled({ scrollTop, scrollHeight, clientHeight }: Scrolled): void {
    const below = scrollHeight - scrollTop - clientHeight
    const shorter = scrollHeight < this.height - MOVED_PX
    if (scrollTop < this.top - MOVED_PX && below > MOVED_PX && !shorter) this.stuck = false
    else if (scrollTop > this.top && below < NEAR_PX) this.stuck = true
    this.top = scrollTop
    this.height = scrollHeight
  }

  /** It was taken along to the end: what comes from there is a person's. */
  followed({ scrollTop, scrollHeight }: Scrolled): void {
    this.top = scrollTop
    this.height = scrollHeight
  }

  /** Somebody is about to go up: nothing pulls them back before they have moved. */
  letGo({ scrollTop }: Scrolled): void {
    if (scrollTop > 0) this.stuck = false
  }

  /** To the end, and kept there. */
  hold(): void {
    this.stuck = true
  }
}
