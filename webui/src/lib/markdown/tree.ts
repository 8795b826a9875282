// The blocks of a text, line by line, as CommonMark has it: first the containers that a line goes on with, then
// what it begins in them, then the words that are left. Nothing but lines decides, so it does not matter in
// which pieces they came.
//
//   root ─ list ─ item ─ paragraph      each line walks down this spine of what is open;
//                  ↑ matched    ↑ not   what it does not go on with is closed, unless it lazily goes on
import { Line } from './line'
import { isContainer, openFrom, type Container, type Details, type Formula, type Node, type Note, type Paragraph, type Root } from './nodes'
import { cellsOf, closesFence, columnsOf, endsHtml, startOf, underline, type Start } from './starts'
import { Definitions, labelOf, takeDefinitions, Words } from './words'

/** What a kind of node needs to begin. */
type Fresh = Node extends infer One ? (One extends Node ? Omit<One, 'id' | 'open' | 'parent' | 'shown'> : never) : never
/** A node as it was, to go back to. */
type Kept = [Node, Record<string, unknown>]

export class Tree {
  readonly root: Root = { id: 0, kind: 'root', open: true, parent: null, children: [] }
  readonly definitions: Definitions
  /** Footnotes, each name's first. */
  readonly notes: Note[] = []
  private nextId = 1
  /** The line before was blank, where that sets blocks of a list apart. */
  private gap = false

  constructor(sources = 0) {
    this.definitions = new Definitions(sources)
  }

  feed(text: string): void {
    this.read(new Line(text), this.root, true)
  }

  /** Nothing more comes. */
  finish(): void {
    if (this.root.open) this.close(this.root)
  }

  /** Calls `look` with this line read as if it were whole, and then forgets it. */
  glimpse<T>(text: string, look: () => T): T {
    const kept = openFrom(this.root).map((node): Kept => [node, copyOf(node)])
    const { nextId, gap } = this
    const notes = this.notes.length
    this.definitions.held = true
    try {
      this.feed(text)
      return look()
    } finally {
      for (const [node, before] of kept) Object.assign(node, before)
      this.definitions.held = false
      Object.assign(this, { nextId, gap })
      this.notes.length = notes
    }
  }

  /** One line, for what is open from `top` down. */
  private read(line: Line, top: Container, formulas: boolean): void {
    const spine = openFrom(top)
    let depth = 1
    for (; depth < spine.length; depth += 1) {
      const going = this.goesOn(spine[depth] as Node, line)
      if (going === 'taken') {
        this.gap = false
        return
      }
      if (going === 'no') break
    }
    const tip = spine.at(-1) as Node
    let at = spine[depth - 1] as Node
    let lazy = depth < spine.length && tip.kind === 'paragraph'
    for (let began: Node | null; (began = this.begin(line, at, lazy, formulas)); at = began) lazy = false
    const fresh = at !== spine[depth - 1]
    if (!fresh && lazy && !line.blank) {
      addLine(tip as Paragraph, line)
      this.gap = false
      return
    }
    if (!fresh) this.closeUnder(at)
    const blank = line.blank
    const verbatim = at.kind === 'formula' || (at.kind === 'code' && at.fence !== '')
    if (!fresh || !verbatim) this.addWords(line, at)
    this.gap = blank && !fresh && at.kind !== 'quote' && !verbatim
  }

  /** Whether a line goes on with what is open; takes the marks by which it does. */
  private goesOn(node: Node, line: Line): 'yes' | 'no' | 'taken' {
    const yes = (goes: boolean): 'yes' | 'no' => (goes ? 'yes' : 'no')
    switch (node.kind) {
      case 'quote':
        if (line.indent >= 4 || !line.words.startsWith('>')) return 'no'
        line.takeMark(1)
        line.take(1)
        return 'yes'
      case 'item':
      case 'note':
        if (line.blank ? node.children.length === 0 : line.indent < node.width) return 'no'
        line.take(node.width)
        return 'yes'
      case 'details':
        if (/^<\/details>\s*$/i.test(line.words)) this.close(node)
        else return this.summed(node, line.words)
        return 'taken'
      case 'code':
        if (!node.fence) {
          if (line.indent < 4 && !line.blank) return 'no'
          line.take(4)
        } else if (closesFence(node.fence, line)) {
          this.close(node)
          return 'taken'
        } else line.take(node.width)
        return 'yes'
      case 'html':
        return yes(node.type < 5 || !line.blank)
      case 'formula':
      case 'paragraph':
      case 'table':
        return yes(!line.blank)
      default:
        return yes(node.kind === 'list' || node.kind === 'root')
    }
  }

  private summed(details: Details, words: string): 'yes' | 'taken' {
    const summary = details.summary || details.children.length > 0 ? null : summaryOf(words)
    if (summary === null) return 'yes'
    details.summary = this.words(summary)
    return 'taken'
  }

  /** What this line begins under `at`; null when there is nothing (more) that it begins. */
  private begin(line: Line, at: Node, lazy: boolean, formulas: boolean): Node | null {
    const inParagraph = at.kind === 'paragraph' || at.kind === 'table'
    if (!isContainer(at) && !inParagraph) return null
    const start = startOf(line, { inParagraph, afterParagraph: inParagraph || lazy, formulas })
    if (at.kind === 'paragraph' && !(start && ['quote', 'heading', 'code', 'html', 'formula'].includes(start.kind))) {
      const replaced = this.underlined(line, at) ?? this.headed(line, at)
      if (replaced) return replaced
    }
    return start ? this.place(start, line, at) : null
  }

  private place(start: Start, line: Line, at: Node): Node {
    switch (start.kind) {
      case 'quote':
        line.takeMark(1)
        line.take(1)
        return this.add(at, { kind: 'quote', children: [] })
      case 'note':
        line.takeMark(start.label.length + 4)
        return this.addNote(start.label, at)
      case 'item':
        return this.addItem(start, line, at)
      case 'details': {
        const summary = summaryOf(line.words.replace(/^<details[^>]*>/i, ''))
        line.takeMark(Infinity)
        const about = summary === null ? null : this.words(summary)
        return this.add(at, { kind: 'details', summary: about, folded: start.folded, children: [] })
      }
      case 'heading':
        line.takeMark(Infinity)
        return this.add(at, { kind: 'heading', level: start.level, words: this.words(start.text) }, false)
      case 'rule':
        line.takeMark(Infinity)
        return this.add(at, { kind: 'rule' }, false)
      case 'code':
        line.takeMark(Infinity)
        return this.add(at, { ...start, text: '', blanks: '' })
      case 'indented':
        line.take(4)
        return this.add(at, { kind: 'code', fence: '', width: 4, lang: '', text: '', blanks: '' })
      case 'html':
        return this.add(at, { kind: 'html', type: start.type, text: '' })
      case 'formula':
        line.takeMark(Infinity)
        return this.add(at, { kind: 'formula', closer: start.closer, lines: [start.text], whole: start.whole }, !start.whole)
    }
  }

  private addItem(start: Start & { kind: 'item' }, line: Line, at: Node): Node {
    const { ordered, mark, width } = start
    line.takeMark(width - line.indent)
    const space = line.indent
    const inside = line.blank || space > 4 ? 1 : space
    line.take(inside)
    let list = at
    if (list.kind !== 'list' || list.ordered !== ordered || list.mark !== mark) {
      list = this.add(at, { kind: 'list', ordered, start: start.start, mark, loose: false, children: [] })
    }
    return this.add(list, { kind: 'item', width: width + inside, children: [] })
  }

  private addNote(label: string, at: Node): Node {
    const node = this.add(at, { kind: 'note', label: labelOf(label), width: 4, children: [] }) as Note
    this.definitions.defineNote(label)
    if (!this.notes.some((note) => note.label === node.label)) this.notes.push(node)
    return node
  }

  /** The paragraph above becomes a heading. */
  private underlined(line: Line, paragraph: Paragraph): Node | null {
    const level = underline(line)
    if (level === null) return null
    paragraph.text = takeDefinitions(paragraph.text, this.definitions)
    if (paragraph.text.trim() === '') return null
    line.takeMark(Infinity)
    const words = this.words(paragraph.text.trim())
    const parent = this.remove(paragraph)
    return this.add(parent, { kind: 'heading', level, words }, false, paragraph.id)
  }

  /** The last line of the paragraph above becomes the head of a table. */
  private headed(line: Line, paragraph: Paragraph): Node | null {
    const lines = paragraph.text.split('\n')
    const head = lines.pop() ?? ''
    const aligns = columnsOf(head, line)
    if (!aligns) return null
    line.takeMark(Infinity)
    const table = { kind: 'table' as const, aligns, head: cellsOf(head).map((cell) => this.words(cell)), rows: [] }
    if (lines.length > 0) {
      paragraph.text = lines.join('\n')
      return this.add(paragraph, table)
    }
    const parent = this.remove(paragraph)
    return this.add(parent, table, true, paragraph.id)
  }

  /** What no block began with. */
  private addWords(line: Line, at: Node): void {
    switch (at.kind) {
      case 'code':
        return addCode(at, line)
      case 'html':
        at.text += (at.text ? '\n' : '') + line.rest
        if (endsHtml(at.type, line.rest)) this.close(at)
        return
      case 'formula':
        return at.open ? this.addFormula(at, line) : undefined
      case 'paragraph':
        return addLine(at, line)
      case 'table':
        if (line.blank) return
        at.rows.push({ id: this.nextId++, cells: at.aligns.map((_, i) => this.words(cellsOf(line.words)[i] ?? '')) })
        return
      default:
        if (line.blank || !isContainer(at)) return
        addLine(this.add(at, { kind: 'paragraph', text: '', words: null }) as Paragraph, line)
    }
  }

  private addFormula(formula: Formula, line: Line): void {
    const words = line.words.trimEnd()
    const closed = words.indexOf(formula.closer)
    if (closed < 0) {
      formula.lines.push(line.rest)
    } else if (closed === words.length - 2) {
      formula.lines.push(words.slice(0, closed))
      formula.whole = true
      this.close(formula)
    } else {
      formula.lines.push(line.rest)
      this.close(formula)
    }
  }

  private add(under: Node, what: Fresh, open = true, id?: number): Node {
    let parent = under
    while (!isContainer(parent) || (parent.kind === 'list' && what.kind !== 'item')) {
      this.close(parent)
      parent = parent.parent as Container
    }
    this.closeUnder(parent)
    if (this.gap && parent.children.length > 0) {
      if (parent.kind === 'list') parent.loose = true
      else if (parent.kind === 'item' && parent.parent?.kind === 'list') parent.parent.loose = true
    }
    const node = { id: id ?? this.nextId++, open, parent, ...what } as Node
    parent.children.push(node)
    return node
  }

  private words(text: string): Words {
    const words = new Words(text, this.definitions.held)
    this.definitions.watch(words)
    return words
  }

  private remove(node: Node): Container {
    const parent = node.parent as Container
    parent.children = parent.children.filter((child) => child !== node)
    return parent
  }

  private closeUnder(node: Node): void {
    const under = isContainer(node) ? node.children.at(-1) : undefined
    if (under?.open) this.close(under)
  }

  private close(node: Node): void {
    this.closeUnder(node)
    node.open = false
    if (node.kind === 'formula' && !node.whole) this.readAgain(node)
    if (node.kind !== 'paragraph') return
    node.text = takeDefinitions(node.text, this.definitions).trimEnd()
    if (node.text === '') this.remove(node)
    else node.words = this.words(node.text)
  }

  /** It was none: its lines are read as anything else. */
  private readAgain(formula: Formula): void {
    const parent = this.remove(formula)
    const gap = this.gap
    const [first = '', ...others] = formula.lines
    const opener = formula.closer === '$$' ? '$$' : '\\['
    this.gap = false
    for (const text of [opener + first, ...others]) this.read(new Line(text), parent, false)
    this.closeUnder(parent)
    this.gap = gap
  }
}

function addLine(paragraph: Paragraph, line: Line): void {
  paragraph.text += (paragraph.text ? '\n' : '') + line.words
}

function addCode(code: Node & { kind: 'code' }, line: Line): void {
  if (!code.open) return
  if (code.fence) {
    code.text += `${line.rest}\n`
  } else if (line.blank) {
    code.blanks += `${line.rest}\n`
  } else {
    code.text += `${code.blanks}${line.rest}\n`
    code.blanks = ''
  }
}

function summaryOf(words: string): string | null {
  return /^\s*<summary>(.*?)(?:<\/summary>\s*)?$/i.exec(words)?.[1] ?? null
}

function copyOf(node: Node): Record<string, unknown> {
  const copy: Record<string, unknown> = { shown: undefined, ...node }
  for (const [name, value] of Object.entries(copy)) if (Array.isArray(value)) copy[name] = value.slice()
  return copy
}
