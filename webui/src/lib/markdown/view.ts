// What is shown of each block. What has not changed is the same object as before, so the screen leaves it alone.
import { heal } from './heal'
import type { Align, Code, Container, Formula, Html, List, Node, Paragraph, Quote, Row, Table } from './nodes'
import { inlineHtml } from './inline'
import { plainHtml, safeHtml } from './safe'
import type { Tree } from './tree'
import type { Words } from './words'

interface Shown<Kind extends string> {
  id: number
  kind: Kind
}
export interface TextBlock extends Shown<'text'> {
  html: string
}
export interface HeadingBlock extends Shown<'heading'> {
  level: number
  html: string
}
export type RuleBlock = Shown<'rule'>
export interface HtmlBlock extends Shown<'html'> {
  html: string
}
export interface CodeBlock extends Shown<'code'> {
  lang: string
  text: string
  open: boolean
}
export interface FormulaBlock extends Shown<'formula'> {
  text: string
  open: boolean
}
export interface TableBlock extends Shown<'table'> {
  aligns: readonly Align[]
  head: readonly string[]
  rows: readonly { id: number; cells: readonly string[] }[]
  source: () => string[][]
}
export interface ItemBlock {
  id: number
  /** A task, done or not; null: none. */
  done: boolean | null
  blocks: readonly Block[]
}
export interface ListBlock extends Shown<'list'> {
  ordered: boolean
  start: number
  loose: boolean
  items: readonly ItemBlock[]
}
export interface QuoteBlock extends Shown<'quote'> {
  /** "note", "tip" …: GitHub's alerts. */
  alert: Alert | ''
  blocks: readonly Block[]
}
export interface DetailsBlock extends Shown<'details'> {
  summary: string
  folded: boolean
  blocks: readonly Block[]
}
export interface NoteBlock {
  id: number
  number: number
  blocks: readonly Block[]
}
export type Block =
  | TextBlock
  | HeadingBlock
  | RuleBlock
  | HtmlBlock
  | CodeBlock
  | FormulaBlock
  | TableBlock
  | ListBlock
  | QuoteBlock
  | DetailsBlock

export type Alert = 'note' | 'tip' | 'important' | 'warning' | 'caution'
const ALERT = /^\[!(note|tip|important|warning|caution)\][ \t]*(?:\n|$)/i
const TASK = /^\[([ xX])\][ \t]+(?=\S)/

export class View {
  constructor(private readonly tree: Tree) {}

  blocks(): Block[] {
    return this.under(this.tree.root)
  }

  notes(): NoteBlock[] {
    return this.tree.notes.map((note, i) => this.kept(note, '', () => ({ id: note.id, number: i + 1, blocks: this.under(note) })))
  }

  private under(node: Container, cut = ''): Block[] {
    const shown: Block[] = []
    for (const [i, child] of node.children.entries()) {
      const block = this.of(child, i === 0 ? cut : '')
      if (block) shown.push(block)
    }
    return shown
  }

  /** The same object as before while nothing in it may have changed. */
  private kept<T>(node: Node, of: string, make: () => T): T {
    const { epoch } = this.tree.definitions
    const before = node.shown
    if (before && before.epoch === epoch && before.of === of && !node.open) return before.block as T
    const block = make()
    if (!node.open) node.shown = { block, epoch, of }
    return block
  }

  /** `cut`: what a list or quote took of its first paragraph. */
  private of(node: Node, cut: string): Block | null {
    switch (node.kind) {
      case 'paragraph':
        return node.open ? this.growing(node, cut) : this.kept(node, cut, () => this.paragraph(node, cut))
      case 'heading':
        return this.kept(node, '', () => ({ id: node.id, kind: 'heading', level: node.level, html: this.html(node.words) }))
      case 'rule':
        return this.kept(node, '', () => ({ id: node.id, kind: 'rule' }))
      case 'code':
        return this.kept(node, '', () => code(node))
      case 'html':
        return this.kept(node, '', () => html(node))
      case 'formula':
        return this.kept(node, '', () => formula(node))
      case 'table':
        return this.kept(node, '', () => this.table(node))
      case 'list':
        return this.kept(node, '', () => this.list(node))
      case 'quote':
        return this.kept(node, '', () => this.quote(node))
      case 'details':
        return this.kept(node, '', () => ({
          id: node.id,
          kind: 'details',
          summary: node.summary ? this.html(node.summary) : '',
          folded: node.folded,
          blocks: this.under(node),
        }))
      default:
        return null
    }
  }

  private html(words: Words): string {
    return words.html(this.tree.definitions)
  }

  private paragraph(node: Paragraph, cut: string): TextBlock | null {
    if (!node.words) return null
    if (!cut) return { id: node.id, kind: 'text', html: this.html(node.words) }
    const rest = node.text.slice(cut.length)
    return rest ? { id: node.id, kind: 'text', html: inlineHtml(rest, this.tree.definitions) } : null
  }

  /** The last paragraph while it is written: closed where it is open, without what may become something else. */
  private growing(node: Paragraph, cut: string): TextBlock | null {
    const text = node.text.slice(cut.length).replace(/(?:^|\n)[ \t]*\|[^\n]*$/, '')
    const of = `growing ${text}` // nothing that a closed one is kept by
    const before = node.shown
    if (before?.of === of && before.epoch === this.tree.definitions.epoch) return before.block as TextBlock | null
    const html = /^\[[^\]]*\]:/.test(text) ? '' : inlineHtml(heal(text).trimEnd(), this.tree.definitions)
    const block: TextBlock | null = html ? { id: node.id, kind: 'text', html } : null
    node.shown = { block, epoch: this.tree.definitions.epoch, of }
    return block
  }

  private list(node: List): ListBlock {
    const items: ItemBlock[] = []
    for (const item of node.children) {
      if (item.kind !== 'item') continue
      items.push(
        this.kept(item, '', () => {
          const first = item.children[0]
          const task = first?.kind === 'paragraph' ? TASK.exec(first.text) : null
          const done = task ? task[1] !== ' ' : null
          return { id: item.id, done, blocks: this.under(item, task?.[0]) }
        }),
      )
    }
    return { id: node.id, kind: 'list', ordered: node.ordered, start: node.start, loose: node.loose, items }
  }

  private quote(node: Quote): QuoteBlock {
    const first = node.children[0]
    const alert = first?.kind === 'paragraph' ? ALERT.exec(first.text) : null
    return {
      id: node.id,
      kind: 'quote',
      alert: (alert?.[1]?.toLowerCase() as Alert | undefined) ?? '',
      blocks: this.under(node, alert?.[0]),
    }
  }

  private table(node: Table): TableBlock {
    return {
      id: node.id,
      kind: 'table',
      aligns: node.aligns,
      head: node.head.map((words) => this.html(words)),
      rows: node.rows.map((row) => this.row(row)),
      source: () => [node.head, ...node.rows.map(({ cells }) => cells)].map((row) => row.map(({ text }) => text)),
    }
  }

  private row(row: Row): { id: number; cells: readonly string[] } {
    const { epoch } = this.tree.definitions
    if (row.shown?.epoch === epoch) return row.shown
    row.shown = { id: row.id, epoch, cells: row.cells.map((words) => this.html(words)) }
    return row.shown
  }
}

function code(node: Code): CodeBlock {
  return { id: node.id, kind: 'code', lang: node.lang, text: node.text.replace(/\n$/, ''), open: node.open }
}

function formula(node: Formula): FormulaBlock {
  return { id: node.id, kind: 'formula', text: node.lines.join('\n').trim(), open: node.open }
}

/** Scripts and styles are shown, not used. */
function html(node: Html): Block {
  const { id, text, open } = node
  if (/^\s*<(?:script|style|textarea)/i.test(text)) return { id, kind: 'code', lang: 'html', text, open }
  return { id, kind: 'html', html: safeHtml(plainHtml(text)) }
}
