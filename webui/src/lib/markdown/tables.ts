// A table's rows, head first, as other programs read them.
import type { Align } from './nodes'

const RULES: Record<Align, string> = { '': '---', left: ':--', center: ':-:', right: '--:' }

/** RFC 4180. A cell that a spreadsheet would take for a formula is told to be text. */
export function asCsv(rows: readonly (readonly string[])[]): string {
  const quoted = (cell: string): string => {
    const text = /^[=@\t\r]|^[+-](?![\d.])/.test(cell) ? `'${cell}` : cell
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return rows.map((row) => row.map(quoted).join(',')).join('\r\n') + '\r\n'
}

export function asMarkdown(rows: readonly (readonly string[])[], aligns: readonly Align[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const [head = [], ...body] = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  return [line(head), line(aligns.map((align) => RULES[align])), ...body.map(line)].join('\n') + '\n'
}
