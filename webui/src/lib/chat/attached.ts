// What is told of a file in a few words, and what of it a model does not get. Pure.
import type { Attachment, AttachmentCost } from '../api/types'

export type Said = [key: SaidKey, values: Record<string, string | number>]
type SaidKey =
  | 'attach.pages'
  | 'attach.blank'
  | 'attach.left.out'
  | 'attach.scaled'
  | 'attach.frames'
  | 'attach.encoding'

export const isPicture = ({ kind }: Pick<Attachment, 'kind'>): boolean => kind === 'image'

/** Pages of a document; nothing of a text or a picture. */
export function measureOf(file: Attachment): Said[] {
  return file.pages ? [['attach.pages', { n: file.pages }]] : []
}

/** What was changed or left out, so that nobody thinks that the model has it. */
export function lossesOf(file: Attachment): Said[] {
  const said: Said[] = []
  if (file.blank_pages) said.push(['attach.blank', { n: file.blank_pages }])
  if (file.left_out) said.push(['attach.left.out', { n: file.left_out }])
  if (file.scaled_from) {
    const [width, height] = file.scaled_from
    said.push(['attach.scaled', { from: `${width} × ${height}`, to: `${file.width} × ${file.height}` }])
  }
  if ((file.frames ?? 1) > 1) said.push(['attach.frames', { n: file.frames! }])
  if (file.encoding && file.encoding !== 'utf-8') said.push(['attach.encoding', { name: file.encoding }])
  return said
}

export type Objection = 'over' | 'blind' | 'unknown'

/** What these files take; one that came after they were weighed counts as it was estimated. */
export function weightOf(cost: AttachmentCost, files: readonly Attachment[]): { tokens: number; exact: boolean } {
  const known = new Map(cost.files.map((file) => [file.id, file]))
  return {
    tokens: files.reduce((sum, { id, tokens }) => sum + (known.get(id)?.tokens ?? tokens), 0),
    exact: files.every(({ id }) => known.get(id)?.exact ?? false),
  }
}

/** What a model can not take, or may not: it is said before anything is sent. */
export function objectionsTo(cost: AttachmentCost, files: readonly Attachment[], draft: number): Objection[] {
  const said: Objection[] = []
  if (cost.context !== null && weightOf(cost, files).tokens + draft > cost.context) said.push('over')
  if (files.some(isPicture) && cost.sees !== 'yes') said.push(cost.sees === 'no' ? 'blind' : 'unknown')
  return said
}
