// What a log line is about, which lines are shown, and tracebacks as one row. Pure.

export const LEVELS = ['error', 'warning', 'info', 'debug'] as const
export type Level = (typeof LEVELS)[number]

const MARKS: readonly [Level, RegExp][] = [
  ['error', /^\S{0,40}\s?(?:ERROR|CRITICAL|FATAL)\b|^Traceback |^\w*(?:Error|Exception)\b:|\bERROR\b/],
  ['warning', /\bWARN(?:ING)?\b|^\w*Warning:/],
  ['debug', /^\S{0,40}\s?(?:DEBUG|TRACE)\b/],
]

/** A line's level by the words engines use; a continued line belongs to the line before. */
export function levelOf(line: string, before: Level): Level {
  for (const [level, mark] of MARKS) if (mark.test(line)) return level
  const continued = /^\s+\S/.test(line) && before === 'error'
  return continued ? 'error' : 'info'
}

export interface Line {
  number: number
  text: string
  level: Level
  /** The number of the line with which its traceback begins; its own for that line. */
  trace: number | null
}

/** A line as it is shown; of a folded traceback its last line, which says what went wrong. */
export interface Row {
  line: Line
  /** How many lines are folded away above it; 0: none. */
  folded: number
  /** It begins a traceback that is open. */
  opened: boolean
}

/** What processes and loggers write before a line of their own. */
const PREFIX = /^(?:\([^)]*\)\s?)?(?:(?:ERROR|WARNING|INFO|DEBUG|CRITICAL)\s+[\d:., -]+\s*(?:\[[^\]]*\]\s?)?)?/
const BEGINS = /^Traceback \(most recent call last\):/
const LINKS = /^(?:During handling of|The above exception)/
const ENDS = /^[A-Za-z_][\w.]*(?::|$)/

/** A traceback that lines may still belong to: inside of it, after its last line, or before another's. */
interface Trace {
  begin: number
  at: 'inside' | 'ended' | 'linked'
}

/** The traceback that a line belongs to, if any, by the one before it. */
function traceAt(open: Trace | null, bare: string, number: number): Trace | null {
  if (BEGINS.test(bare)) return { begin: open && open.at !== 'ended' ? open.begin : number, at: 'inside' }
  if (open === null) return null
  if (bare === '') return open
  if (LINKS.test(bare)) return { ...open, at: 'linked' }
  if (open.at !== 'inside') return null
  if (/^\s/.test(bare)) return open
  return ENDS.test(bare) ? { ...open, at: 'ended' } : null
}

/** Every line that is kept, and those of them that are wanted, brought up to date as lines come. */
export class LogBook {
  lines: Line[] = []
  /** Those that are wanted, in order. */
  wanted: Line[] = []
  private matching: RegExp | null = null
  private levels: ReadonlySet<Level> = new Set(LEVELS)
  private next = 1
  private trace: Trace | null = null

  constructor(private readonly most: number) {}

  append(texts: readonly string[]): void {
    let before: Level = this.lines.at(-1)?.level ?? 'info'
    for (const text of texts) {
      const line = this.lineOf(text, before)
      before = line.level
      this.lines.push(line)
      if (this.isWanted(line)) this.wanted.push(line)
    }
    // In large steps, for it costs as much as all lines.
    if (this.lines.length > this.most * 1.1) {
      this.lines = this.lines.slice(-this.most)
      const first = this.lines[0]!.number
      this.wanted = this.wanted.filter((line) => line.number >= first)
    }
  }

  /** `matching` null: all lines. */
  want(matching: RegExp | null, levels: ReadonlySet<Level>): void {
    this.matching = matching
    this.levels = levels
    this.wanted = this.lines.filter((line) => this.isWanted(line))
  }

  /** The wanted lines as rows; each traceback is one, unless it is open or only part of it is wanted. */
  rows(opened: ReadonlySet<number>, fold: boolean): Row[] {
    const rows: Row[] = []
    for (const line of this.wanted) {
      const before = rows.at(-1)
      const folds = fold && line.trace !== null && !opened.has(line.trace)
      if (folds && before && before.line.trace === line.trace) {
        const says = line.text.replace(PREFIX, '') === '' ? before.line : line
        rows[rows.length - 1] = { line: says, folded: before.folded + 1, opened: false }
      } else rows.push({ line, folded: 0, opened: fold && line.trace === line.number && !folds })
    }
    return rows
  }

  private isWanted(line: Line): boolean {
    return this.levels.has(line.level) && (this.matching === null || this.matching.test(line.text))
  }

  private lineOf(text: string, before: Level): Line {
    const number = this.next++
    this.trace = traceAt(this.trace, text.replace(PREFIX, ''), number)
    const trace = this.trace?.begin ?? null
    return { number, text, level: trace === null ? levelOf(text, before) : 'error', trace }
  }
}

/** The pattern as a regular expression without regard to case, or null when it is not one. */
export function pattern(text: string): RegExp | null {
  try {
    return new RegExp(text, 'i')
  } catch {
    return null
  }
}

/** What a link to a line holds: a line and the one before it, as eight letters (FNV-1a). */
export function markOf(line: Line | undefined, before: Line | undefined): string {
  let hash = 0x811c9dc5
  for (const sign of `${before?.text ?? ''}\n${line?.text ?? ''}`) {
    hash = Math.imul(hash ^ sign.codePointAt(0)!, 0x01000193) >>> 0
  }
  return hash.toString(16).padStart(8, '0')
}

/** A line by its words alone, for who knows the line and not the one before it. */
export function wordsMark(text: string): string {
  const trimmed = text.trim()
  return `w${markOf({ text: trimmed } as Line, undefined)}`
}

/** The line that a link means, the newest if it was written more than once. */
export function markedLine(lines: readonly Line[], mark: string): Line | null {
  const byWords = mark.startsWith('w')
  for (let i = lines.length - 1; i >= 0; i -= 1) {
    const line = lines[i]!
    if ((byWords ? wordsMark(line.text) : markOf(line, lines[i - 1])) === mark) return line
  }
  return null
}
