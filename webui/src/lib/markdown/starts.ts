// How each block begins (CommonMark 0.31 and GitHub's tables and footnotes). Pure: a line in, what it begins out.
import type { Align } from './nodes'
import type { Line } from './line'

export type Start =
  | { kind: 'quote' }
  | { kind: 'heading'; level: number; text: string }
  | { kind: 'code'; fence: string; width: number; lang: string }
  | { kind: 'indented' }
  | { kind: 'html'; type: number; ends: boolean }
  | { kind: 'details'; folded: boolean }
  | { kind: 'formula'; closer: string; text: string; whole: boolean }
  | { kind: 'rule' }
  | { kind: 'note'; label: string }
  | { kind: 'item'; ordered: boolean; start: number; mark: string; width: number }

export interface Where {
  /** A paragraph that this line would interrupt. */
  inParagraph: boolean
  /** A paragraph that this line may go on with, whether or not its containers do. */
  afterParagraph: boolean
  /** Formulas are looked for. */
  formulas: boolean
}

const BLOCK_TAGS =
  'address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul'
// A tag alone on its line is HTML only when HTML knows it: "<tool_call>" is something a model said.
const INLINE_TAGS =
  'a|abbr|b|bdi|bdo|big|br|button|cite|code|data|del|dfn|em|font|i|img|input|ins|kbd|label|map|mark|meter|object|output|picture|progress|q|rp|rt|ruby|s|samp|select|small|source|span|strike|strong|sub|sup|svg|time|tt|u|var|video|audio|canvas|math|wbr'
const ATTRIBUTES = `(?:\\s+[a-z_:][\\w.:-]*(?:\\s*=\\s*(?:[^\\s"'=<>\`]+|'[^']*'|"[^"]*"))?)*`

const HTML_STARTS: readonly RegExp[] = [
  /^<(?:script|pre|style|textarea)(?:\s|>|$)/i,
  /^<!--/,
  /^<\?/,
  /^<![a-z]/i,
  /^<!\[CDATA\[/,
  new RegExp(`^</?(?:${BLOCK_TAGS})(?:\\s|/?>|$)`, 'i'),
  new RegExp(`^(?:<(?:${INLINE_TAGS})${ATTRIBUTES}\\s*/?>|</(?:${INLINE_TAGS})\\s*>)\\s*$`, 'i'),
]
const HTML_ENDS: readonly (RegExp | null)[] = [
  /<\/(?:script|pre|style|textarea)>/i,
  /-->/,
  /\?>/,
  />/,
  /\]\]>/,
  null,
  null,
]

export function endsHtml(type: number, line: string): boolean {
  return HTML_ENDS[type]?.test(line) ?? false
}

/** What this line begins, without what needs the paragraph before it; null when it begins nothing. */
export function startOf(line: Line, where: Where): Start | null {
  if (line.blank) return null
  const { indent, words } = line
  if (indent >= 4) return where.afterParagraph ? null : { kind: 'indented' }
  switch (words[0]) {
    case '>':
      return { kind: 'quote' }
    case '#':
      return headingOf(words)
    case '`':
    case '~':
      return fenceOf(words, indent)
    case '<':
      return htmlOf(words, where)
    case '$':
    case '\\':
      return where.formulas ? formulaOf(words) : null
    case '[': {
      const label = /^\[\^([^\]\s]+)\]:/.exec(words)?.[1]
      return label === undefined ? null : { kind: 'note', label }
    }
    default:
      return isRule(words) ? { kind: 'rule' } : itemOf(words, indent, where)
  }
}

function headingOf(words: string): Start | null {
  const found = /^(#{1,6})(?:[ \t]+|$)/.exec(words)
  if (!found) return null
  const text = words
    .slice(found[0].length)
    .replace(/^[ \t]*#+[ \t]*$/, '')
    .replace(/[ \t]+#+[ \t]*$/, '')
  return { kind: 'heading', level: found[1]?.length ?? 1, text: text.trim() }
}

function fenceOf(words: string, indent: number): Start | null {
  const found = /^(?:(`{3,})([^`]*)|(~{3,})(.*))$/.exec(words)
  if (!found) return null
  const info = (found[2] ?? found[4] ?? '').trim()
  const lang = (info.split(/\s/)[0] ?? '').replace(/^\{\.?|[{},].*$/g, '').toLowerCase()
  return { kind: 'code', fence: found[1] ?? found[3] ?? '', width: indent, lang }
}

export function closesFence(fence: string, line: Line): boolean {
  if (line.indent >= 4) return false
  const words = line.words.trimEnd()
  return words.length >= fence.length && words === fence.charAt(0).repeat(words.length)
}

function htmlOf(words: string, where: Where): Start | null {
  const details = /^<details(\s+open)?\s*>\s*(?:<summary>(?:(?!<\/?(?:summary|details)>).)*(?:<\/summary>\s*)?)?$/i.exec(words)
  if (details) return { kind: 'details', folded: !details[1] }
  const type = HTML_STARTS.findIndex((start) => start.test(words))
  if (type < 0 || (type === 6 && where.afterParagraph)) return null
  return { kind: 'html', type, ends: endsHtml(type, words) }
}

function formulaOf(words: string): Start | null {
  const opener = /^(?:\$\$|\\\[)/.exec(words)?.[0]
  if (!opener) return null
  const closer = opener === '$$' ? '$$' : '\\]'
  const text = words.slice(2).trimEnd()
  const closed = text.indexOf(closer)
  if (closed < 0) return { kind: 'formula', closer, text, whole: false }
  if (closed !== text.length - 2 || text.slice(0, closed).trim() === '') return null
  return { kind: 'formula', closer, text: text.slice(0, closed), whole: true }
}

function isRule(words: string): boolean {
  return /^(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]*){3,})$/.test(words)
}

function itemOf(words: string, indent: number, where: Where): Start | null {
  const found = /^(?:([-+*])|(\d{1,9})([.)]))([ \t]*)(.*)$/.exec(words)
  if (!found) return null
  const [, bullet, number, dot, space = '', text = ''] = found
  if (text !== '' && space === '') return null
  const start = Number(number ?? 1)
  // So that a figure at a line's beginning, or a dash, does not tear a paragraph.
  if (where.inParagraph && (text === '' || start !== 1)) return null
  const mark = bullet ?? dot ?? ''
  return { kind: 'item', ordered: bullet === undefined, start, mark, width: indent + (number?.length ?? 0) + 1 }
}

/** "---" or "===" under a paragraph. */
export function underline(line: Line): 1 | 2 | null {
  if (line.indent >= 4) return null
  const found = /^(?:=+|-+)[ \t]*$/.exec(line.words)
  return found ? (found[0].startsWith('=') ? 1 : 2) : null
}

const DELIMITERS = /^\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/

/** The columns of a table, when this line stands between its head and its rows. */
export function columnsOf(head: string, line: Line): Align[] | null {
  if (line.indent >= 4 || !DELIMITERS.test(line.words)) return null
  if (!line.words.includes('|') && !head.includes('|')) return null
  const aligns = cellsOf(line.words).map((cell): Align => {
    const [left, right] = [cell.startsWith(':'), cell.endsWith(':')]
    return left && right ? 'center' : right ? 'right' : left ? 'left' : ''
  })
  return cellsOf(head).length === aligns.length ? aligns : null
}

/** A row's cells; "\|" is a bar in one. */
export function cellsOf(row: string): string[] {
  const bare = row.trim().replace(/^\|/, '').replace(/(^|[^\\])\|$/, '$1')
  return bare.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'))
}
