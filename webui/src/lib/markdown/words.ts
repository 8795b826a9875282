// Words with their marks, and what they refer to: links and footnotes that may be defined long after them.
import { heal } from './heal'
import { inlineHtml } from './inline'

export interface Target {
  href: string
  title: string | null
}

/** A text whose HTML is made once, and again only when something it names has been defined since. */
export class Words {
  private made: string | null = null
  private named: string | null = null

  /** `growing`: it is not all there yet. */
  constructor(
    readonly text: string,
    private readonly growing = false,
  ) {}

  html(definitions: Definitions): string {
    this.made ??= inlineHtml(this.growing ? heal(this.text) : this.text, definitions)
    return this.made
  }

  /** True when it has to be made again. */
  heard(label: string): boolean {
    this.named ??= labelOf(this.text)
    if (!this.named.includes(label)) return false
    this.made = null
    return true
  }
}

/** What a text defines. The first definition of a name holds. */
export class Definitions {
  readonly links: Record<string, Target> = Object.create(null) as Record<string, Target>
  /** Footnotes are numbered in the order of their definitions: a number never changes. */
  readonly notes = new Map<string, number>()
  /** Moves on when something that was shown has to be shown anew. */
  epoch = 0
  /** A line that is only half there defines nothing. */
  held = false
  private readonly watching: Words[] = []

  /** `sources`: [1] to [n] in the text point to them. */
  constructor(public sources = 0) {}

  watch(words: Words): void {
    if (!this.held && words.text.includes('[')) this.watching.push(words)
  }

  defineLink(name: string, target: Target): void {
    const label = labelOf(name)
    if (this.held || label in this.links) return
    this.links[label] = target
    this.tell(label)
  }

  defineNote(name: string): void {
    const label = labelOf(name)
    if (this.held || this.notes.has(label)) return
    this.notes.set(label, this.notes.size + 1)
    this.tell(`[^${label}]`)
  }

  numberOf(name: string): number | undefined {
    return this.notes.get(labelOf(name))
  }

  private tell(label: string): void {
    let again = false
    for (const words of this.watching) again = words.heard(label) || again
    if (again) this.epoch += 1
  }
}

/** As marked looks names up. */
export function labelOf(text: string): string {
  return text.trim().replace(/\s+/g, ' ').toLowerCase().toUpperCase().toLowerCase()
}

const DEFINITION =
  /^\[((?:[^\\[\]]|\\[\s\S]){1,999})\]:[ \t]*\n?[ \t]*(?:<([^<>\n]*)>|([^\s<]\S*))(?:(?:[ \t]+|[ \t]*\n[ \t]*)("(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'|\((?:[^()\\]|\\[\s\S])*\)))?[ \t]*(?:\n|$)/

/** Takes the definitions that a paragraph begins with; returns what is left of it. */
export function takeDefinitions(text: string, definitions: Definitions): string {
  let rest = text
  for (let found; (found = DEFINITION.exec(rest)); rest = rest.slice(found[0].length)) {
    const [, label = '', bracketed, bare, title] = found
    if (label.trim() === '' || label.startsWith('^')) break
    definitions.defineLink(label, {
      href: unescaped(bracketed ?? bare ?? ''),
      title: title === undefined ? null : unescaped(title.slice(1, -1)),
    })
  }
  return rest
}

function unescaped(text: string): string {
  return text.replace(/\\([!-/:-@[-`{-~])/g, '$1')
}
