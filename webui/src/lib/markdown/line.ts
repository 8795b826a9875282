// One line that is taken apart from the left. White space is counted in columns: a tab goes to the next fourth.

export class Line {
  private at = 0
  private column = 0
  /** Columns of a tab that was taken only in part. */
  private spare = 0

  constructor(private readonly text: string) {}

  /** Columns of white space ahead. */
  get indent(): number {
    let columns = this.spare
    for (let i = this.at; i < this.text.length; i += 1) {
      if (this.text[i] === ' ') columns += 1
      else if (this.text[i] === '\t') columns += 4 - ((this.column + columns) % 4)
      else break
    }
    return columns
  }

  get blank(): boolean {
    return this.words === ''
  }

  /** What is left, with its white space. */
  get rest(): string {
    return ' '.repeat(this.spare) + this.text.slice(this.at)
  }

  /** What is left, without white space before it. */
  get words(): string {
    let from = this.at
    while (this.text[from] === ' ' || this.text[from] === '\t') from += 1
    return this.text.slice(from)
  }

  /** Takes white space, at most so many columns of it. */
  take(columns: number): void {
    for (let left = columns; left > 0; ) {
      if (this.spare === 0) {
        if (this.text[this.at] === ' ') this.spare = 1
        else if (this.text[this.at] === '\t') this.spare = 4 - (this.column % 4)
        else return
        this.at += 1
      }
      const used = Math.min(left, this.spare)
      this.spare -= used
      this.column += used
      left -= used
    }
  }

  /** Takes a mark that stands next, after its white space. */
  takeMark(length: number): void {
    this.take(this.indent)
    this.at += length
    this.column += length
  }
}
