// Models that think aloud do it in one of two ways: in a field of its own (reasoning_content), or between
// <think> and </think> at the start of the text. This reads the second kind, piece by piece.

const OPEN = '<think>'
const CLOSE = '</think>'

export interface Parts {
  reasoning: string
  text: string
}

export class ThinkSplitter {
  private where: 'start' | 'inside' | 'gap' | 'after' = 'start'
  private held = ''
  private begun = false

  push(piece: string): Parts {
    this.held += piece
    if (this.where === 'start') this.start()
    if (this.where === 'inside') return this.inside()
    if (this.where === 'gap') this.gap()
    if (this.where === 'after') return this.after()
    return { reasoning: '', text: '' }
  }

  /** Nothing more will come: what was held back is what it seemed not to be. */
  finish(): Parts {
    const rest = this.held
    this.held = ''
    return this.where === 'inside' ? { reasoning: rest, text: '' } : { reasoning: '', text: rest }
  }

  private start(): void {
    const seen = this.held.trimStart()
    if (seen.startsWith(OPEN)) {
      this.where = 'inside'
      this.held = seen.slice(OPEN.length)
    } else if (!OPEN.startsWith(seen)) {
      this.where = 'after'
    }
  }

  private inside(): Parts {
    if (!this.begun) this.held = this.held.trimStart()
    this.begun ||= this.held !== ''
    const end = this.held.indexOf(CLOSE)
    if (end < 0) {
      const keep = overlap(this.held, CLOSE)
      const reasoning = this.held.slice(0, this.held.length - keep)
      this.held = this.held.slice(this.held.length - keep)
      return { reasoning, text: '' }
    }
    const reasoning = this.held.slice(0, end)
    this.held = this.held.slice(end + CLOSE.length)
    this.gap()
    return { reasoning, text: this.where === 'after' ? this.after().text : '' }
  }

  /** Blank lines between the thought and the answer belong to neither. */
  private gap(): void {
    this.held = this.held.trimStart()
    this.where = this.held === '' ? 'gap' : 'after'
  }

  private after(): Parts {
    const text = this.held
    this.held = ''
    return { reasoning: '', text }
  }
}

/** How many characters at the end of `text` may be the beginning of `mark`. */
function overlap(text: string, mark: string): number {
  for (let n = Math.min(text.length, mark.length - 1); n > 0; n -= 1) {
    if (text.endsWith(mark.slice(0, n))) return n
  }
  return 0
}
