// Which parts of a long list are near what is seen. Parts that come near are drawn a few at a time, the nearest
// first, so that no frame is late; what they change above the reader moves nothing under their eyes.

const NEAR = '1500px 0px'
const SLICE_MS = 8

interface Part {
  draw: () => void
}

export class Nearness {
  private readonly parts = new Map<Element, Part>()
  private readonly waiting = new Set<Element>()
  private readonly heights = new WeakMap<Element, number>()
  private scroller: HTMLElement | null = null
  private seen: IntersectionObserver | null = null
  private sizes: ResizeObserver | null = null
  private frame = 0

  /** An attachment for the element that scrolls. */
  readonly within = (scroller: HTMLElement): (() => void) => {
    this.scroller = scroller
    this.seen = new IntersectionObserver((entries) => this.look(entries), { root: scroller, rootMargin: NEAR })
    // WebKit does not hold the reader's place by itself.
    if (!CSS.supports('overflow-anchor', 'auto')) {
      this.sizes = new ResizeObserver((entries) => this.hold(entries))
    }
    for (const element of this.parts.keys()) this.seen.observe(element)
    return () => {
      this.seen?.disconnect()
      this.sizes?.disconnect()
      cancelAnimationFrame(this.frame)
      this.seen = this.sizes = this.scroller = null
    }
  }

  /** Calls `draw` once, when this element comes near. */
  watch(element: Element, draw: () => void): () => void {
    this.parts.set(element, { draw })
    this.seen?.observe(element)
    return () => this.leave(element)
  }

  /** Its size may change from now on: what is read stays where it is. */
  holds(element: Element): () => void {
    this.sizes?.observe(element)
    return () => this.sizes?.unobserve(element)
  }

  private leave(element: Element): void {
    this.parts.delete(element)
    this.waiting.delete(element)
    this.seen?.unobserve(element)
  }

  private look(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.waiting.add(target)
      else this.waiting.delete(target)
    }
    if (this.waiting.size > 0 && !this.frame) this.drawSome()
  }

  private drawSome(): void {
    this.frame = 0
    const until = performance.now() + SLICE_MS
    const middle = (this.scroller?.getBoundingClientRect().top ?? 0) + (this.scroller?.clientHeight ?? 0) / 2
    const away = new Map(
      [...this.waiting].map((element): [Element, number] => {
        const { top, bottom } = element.getBoundingClientRect()
        return [element, top > middle ? top - middle : Math.max(0, middle - bottom)]
      }),
    )
    for (const [element] of [...away].sort(([, one], [, other]) => one - other)) {
      const part = this.parts.get(element)
      this.leave(element)
      part?.draw()
      if (performance.now() > until) break
    }
    if (this.waiting.size > 0) this.frame = requestAnimationFrame(() => this.drawSome())
  }

  private hold(entries: readonly ResizeObserverEntry[]): void {
    const { scroller } = this
    if (!scroller) return
    const top = scroller.getBoundingClientRect().top
    let moved = 0
    for (const { target } of entries) {
      const { bottom, height } = target.getBoundingClientRect()
      const before = this.heights.get(target)
      this.heights.set(target, height)
      if (before !== undefined && bottom < top) moved += height - before
    }
    if (moved !== 0) scroller.scrollTop += moved
  }
}
