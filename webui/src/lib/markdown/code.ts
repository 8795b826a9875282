// Code on the page: lines are appended, never compared; colours follow from the worker, at most four times a
// second and only where they changed.
import { highlight, newKey } from './highlight'

const PAINT_MS = 250
/** Colours take at most this share of the time while a text grows. */
const SHARE = 4

export class CodeLines {
  private readonly key = newKey()
  private text = ''
  private open = true
  /** Sent to the worker. */
  private sent = 0
  private line: HTMLElement | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private busy = false
  private ended = false
  private pause = PAINT_MS

  constructor(
    private readonly element: HTMLElement,
    private readonly lang: string,
  ) {}

  update(text: string, open: boolean): void {
    if (text.length < this.text.length) this.again()
    const more = text.slice(this.text.length)
    this.text = text
    this.open = open
    if (more) this.append(more)
    if (this.lang) this.paintSoon()
  }

  stop(): void {
    clearTimeout(this.timer)
    this.ended = true
  }

  private append(more: string): void {
    const parts = more.split('\n')
    const fresh = document.createDocumentFragment()
    parts.forEach((part, i) => {
      if (i > 0 || !this.line) {
        this.line = document.createElement('div')
        fresh.append(this.line)
      }
      if (part) this.line.append(part)
    })
    this.element.append(fresh)
  }

  /** What was shown of an unfinished line was taken back. */
  private again(): void {
    this.element.replaceChildren()
    this.text = ''
    this.line = null
    this.sent = 0
  }

  private paintSoon(): void {
    if (this.ended || this.busy || (!this.open && this.sent < 0)) return
    clearTimeout(this.open ? undefined : this.timer)
    if (this.open && this.timer !== undefined) return
    this.timer = setTimeout(() => void this.paint(), this.open ? this.pause : 0)
  }

  private async paint(): Promise<void> {
    this.timer = undefined
    const { text, open } = this
    if (this.sent === text.length && open) return
    this.busy = true
    const since = performance.now()
    const { from, lines } = await highlight({ key: this.key, lang: this.lang, more: text.slice(this.sent), ends: !open })
    this.busy = false
    if (lines === null) this.ended = true
    if (this.ended || lines === null) return
    this.pause = Math.max(PAINT_MS, (performance.now() - since) * SHARE)
    this.sent = open ? text.length : -1
    lines.forEach((html, i) => {
      const row = this.element.children[from + i]
      // The line that is growing is left as it is: what comes is appended to it.
      if (row && (row !== this.line || !this.open)) row.innerHTML = html
    })
    if (this.text.length !== text.length || this.open !== open) this.paintSoon()
  }
}
