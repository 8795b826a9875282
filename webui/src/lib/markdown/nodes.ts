// What a text in Markdown is made of: containers that hold blocks, and leaves that hold lines.
// A node is open while a further line may still belong to it; closed ones never change.
import type { Words } from './words'

interface Common {
  /** Also of what is shown of it, so that the screen keeps its element. */
  id: number
  open: boolean
  parent: Container | null
  /** What was shown of it last; kept when it is closed. */
  shown?: { block: unknown; epoch: number; of: string }
}

interface Holds extends Common {
  children: Node[]
}

export interface Root extends Holds {
  kind: 'root'
}
export interface Quote extends Holds {
  kind: 'quote'
}
export interface List extends Holds {
  kind: 'list'
  ordered: boolean
  start: number
  /** Its mark, by which the next item belongs to it: "-", "." … */
  mark: string
  /** Blank lines stand between its blocks. */
  loose: boolean
}
export interface Item extends Holds {
  kind: 'item'
  /** Columns that what belongs to it is set in. */
  width: number
}
/** A footnote's text. */
export interface Note extends Holds {
  kind: 'note'
  label: string
  width: number
}
/** `<details>`: the only HTML that holds Markdown. */
export interface Details extends Holds {
  kind: 'details'
  summary: Words | null
  folded: boolean
}

export interface Paragraph extends Common {
  kind: 'paragraph'
  text: string
  words: Words | null
}
export interface Heading extends Common {
  kind: 'heading'
  level: number
  words: Words
}
export interface Rule extends Common {
  kind: 'rule'
}
/** Code between fences, or set in by four columns. */
export interface Code extends Common {
  kind: 'code'
  /** "```"; "" where it is set in. */
  fence: string
  width: number
  lang: string
  text: string
  /** Blank lines that belong to it when code follows. */
  blanks: string
}
export interface Html extends Common {
  kind: 'html'
  /** Which of the seven kinds of CommonMark. */
  type: number
  text: string
}
/** A formula on lines of its own. */
export interface Formula extends Common {
  kind: 'formula'
  closer: string
  lines: string[]
  whole: boolean
}
export interface Table extends Common {
  kind: 'table'
  aligns: readonly Align[]
  head: readonly Words[]
  rows: Row[]
}

export type Align = '' | 'left' | 'center' | 'right'
export interface Row {
  id: number
  cells: readonly Words[]
  shown?: { id: number; cells: readonly string[]; epoch: number }
}
export type Container = Root | Quote | List | Item | Note | Details
export type Leaf = Paragraph | Heading | Rule | Code | Html | Formula | Table
export type Node = Container | Leaf

export function isContainer(node: Node): node is Container {
  return 'children' in node
}

/** From this node down to the innermost that is open. */
export function openFrom(node: Node): Node[] {
  const spine: Node[] = []
  for (let at: Node | undefined = node; at?.open; ) {
    spine.push(at)
    at = isContainer(at) ? at.children.at(-1) : undefined
  }
  return spine
}
