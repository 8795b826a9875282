// A captured text cut where its passages begin and end, so that they can be marked. Pure.
import type { Passage } from './api'

export interface Piece {
  text: string
  /** The notes that rest on these words; none: plain text. */
  notes: string[]
}

/** Overlapping passages share their pieces; what lies outside of the text is left out. Places count
 *  characters as the studio does: one that takes two units here counts once. */
export function piecesOf(whole: string, passages: readonly Passage[]): Piece[] {
  const text = /[\ud800-\udfff]/.test(whole) ? Array.from(whole) : whole
  const within = passages
    .map((one) => ({ ...one, start: Math.max(0, one.start), end: Math.min(text.length, one.end) }))
    .filter((one) => one.start < one.end)
  const edges = [...new Set([0, text.length, ...within.flatMap((one) => [one.start, one.end])])].sort((a, b) => a - b)
  return edges.slice(0, -1).map((from, i) => ({
    text: typeof text === 'string' ? text.slice(from, edges[i + 1]) : text.slice(from, edges[i + 1]).join(''),
    notes: within.filter((one) => one.start <= from && edges[i + 1]! <= one.end).map((one) => one.note_id),
  }))
}
