// The report's [n] as buttons, and claims without support marked, in what the renderer has drawn.
//
// The renderer makes safe HTML of the report; here only text in it is wrapped, nothing is parsed. Each
// pass leaves alone what an earlier one has wrapped, so it can follow a report that is being written.
import type { Claim, Note } from './api'

const CITE = /\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]/g
const NOT_IN = 'code, pre, a, button, .cite'

export interface Said {
  /** "Source 3: Its title". */
  label: (n: number) => string
  known: (n: number) => boolean
  /** Why a sentence is marked. */
  unsupported: string
}

/** Wraps every [n] that stands in text. */
export function wrapCitations(root: Element, said: Said): void {
  for (const node of textsIn(root)) {
    const text = node.data
    const found = [...text.matchAll(CITE)]
    if (found.length === 0) continue
    const pieces: Node[] = []
    let from = 0
    for (const match of found) {
      pieces.push(root.ownerDocument.createTextNode(text.slice(from, match.index)))
      for (const n of match[1]!.split(/\D+/)) pieces.push(buttonOf(root.ownerDocument, Number(n), said))
      from = match.index + match[0].length
    }
    pieces.push(root.ownerDocument.createTextNode(text.slice(from)))
    node.replaceWith(...pieces)
  }
}

function buttonOf(document: Document, n: number, said: Said): HTMLElement {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = said.known(n) ? 'cite' : 'cite broken'
  button.dataset['n'] = String(n)
  button.textContent = String(n)
  button.setAttribute('aria-label', said.label(n))
  return button
}

/** Marks sentences that nothing bears, wherever they stand, across bold and links. */
export function markUnsupported(root: Element, sentences: readonly string[], said: Said): void {
  for (const sentence of sentences) {
    const wanted = bare(sentence)
    if (wanted.length < 8) continue
    for (const block of root.querySelectorAll('p, li, td, h1, h2, h3, h4, blockquote')) {
      if (block.querySelector('p, li')) continue
      if (markIn(block, wanted, said)) break
    }
  }
}

function markIn(block: Element, wanted: string, said: Said): boolean {
  const nodes = textsIn(block)
  // every character that counts, with where it stands
  const places: { node: Text; at: number }[] = []
  let text = ''
  for (const node of nodes) {
    for (let at = 0; at < node.data.length; at += 1) {
      if (/[\s*_`~]/.test(node.data[at]!)) continue
      text += node.data[at]
      places.push({ node, at })
    }
  }
  const begin = text.indexOf(wanted)
  if (begin < 0) return false
  const first = places[begin]!
  const last = places[begin + wanted.length - 1]!
  for (const node of nodes.slice(nodes.indexOf(first.node), nodes.indexOf(last.node) + 1)) {
    if (node.parentElement?.closest('mark')) continue
    const from = node === first.node ? first.at : 0
    const to = node === last.node ? last.at + 1 : node.data.length
    const range = block.ownerDocument.createRange()
    range.setStart(node, from)
    range.setEnd(node, to)
    if (!range.toString().trim()) continue
    const mark = block.ownerDocument.createElement('mark')
    mark.className = 'unsupported'
    mark.title = said.unsupported
    range.surroundContents(mark)
  }
  return true
}

function textsIn(root: Element): Text[] {
  const walker = root.ownerDocument.createTreeWalker(root, NodeFilter.SHOW_TEXT)
  const found: Text[] = []
  while (walker.nextNode()) {
    const node = walker.currentNode as Text
    if (!node.parentElement?.closest(NOT_IN)) found.push(node)
  }
  return found
}

/** Without what Markdown writes around words, without citations and spaces. */
const bare = (text: string): string => text.replace(CITE, '').replace(/[\s*_`~]/g, '')

/** The notes that a citation rests on: those of the sentence before it, else all of its source. */
export function notesFor(before: string, n: number, claims: readonly Pick<Claim, 'text' | 'notes'>[], notes: readonly Note[]): Note[] {
  const ofSource = notes.filter((note) => note.source === n)
  const text = bare(before)
  let nearest = -1
  let ids: readonly string[] = []
  for (const claim of claims) {
    const sentence = bare(claim.text).replace(/[.!?。！？]+$/, '') // the mark stands before it
    const at = sentence ? text.lastIndexOf(sentence) : -1
    if (at < 0 || at + sentence.length < nearest) continue
    nearest = at + sentence.length
    ids = claim.notes
  }
  const meant = ofSource.filter((note) => ids.includes(note.note_id))
  return meant.length > 0 ? meant : ofSource
}

/** The text of its block up to a citation. */
export function textBefore(cite: Element): string {
  const block = cite.closest('p, li, td, h1, h2, h3, h4, blockquote') ?? cite.parentElement!
  const range = cite.ownerDocument.createRange()
  range.setStart(block, 0)
  range.setEndBefore(cite)
  const holder = cite.ownerDocument.createElement('div')
  holder.append(range.cloneContents())
  holder.querySelectorAll('.cite').forEach((one) => one.remove())
  return holder.textContent ?? ''
}
