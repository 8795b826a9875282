// A text in Markdown that is still being written, as blocks.
//
//   append(text) → whole lines go to the tree, each once; what they finish is frozen for ever
//   blocks()     → the last, unfinished line is read as if it were whole, shown, and forgotten
//
// Lines alone decide (tree.ts), so any split of a text ends as the same blocks.
import { Tree } from './tree'
import { View, type Block, type NoteBlock } from './view'

export type { Block, CodeBlock, ItemBlock, NoteBlock, TableBlock } from './view'

export interface Picture {
  blocks: readonly Block[]
  notes: readonly NoteBlock[]
}

/** A line that may still become nearly anything: it waits for what follows. */
const UNDECIDED = /^[\s>*+\-=_#`~|:$\\[\]<!.)]*(?:\d{1,9}[.)]?)?[ \t]*(?:\[[ xX]?\]?)?[ \t]*$/

export class MarkdownStream {
  private readonly tree: Tree
  private readonly view: View
  private rest = ''
  private ended = false

  /** `sources`: [1] to [n] in the text are links to sources. */
  constructor(sources = 0) {
    this.tree = new Tree(sources)
    this.view = new View(this.tree)
  }

  append(text: string): void {
    if (this.ended || !text) return
    const all = this.rest + text
    // A carriage return at the end may be half a line's end.
    const held = all.endsWith('\r') ? '\r' : ''
    const lines = plain(held ? all.slice(0, -1) : all).split('\n')
    this.rest = (lines.pop() ?? '') + held
    for (const line of lines) this.tree.feed(line)
  }

  /** Nothing more will come. */
  finish(): void {
    if (this.ended) return
    this.ended = true
    for (const line of plain(this.rest).split('\n')) if (line) this.tree.feed(line)
    this.rest = ''
    this.tree.finish()
  }

  read(): Picture {
    const look = (): Picture => ({ blocks: this.view.blocks(), notes: this.view.notes() })
    const line = this.rest.replace(/\r$/, '')
    return line === '' || UNDECIDED.test(line) ? look() : this.tree.glimpse(line, look)
  }
}

function plain(text: string): string {
  return text.includes('\r') || text.includes('\0') ? text.replace(/\r\n?/g, '\n').replaceAll('\0', '\uFFFD') : text
}
