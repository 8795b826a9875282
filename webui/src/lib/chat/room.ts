// What the next request would hold, as a bar: its parts, what is kept for the answer, what is free. Pure.
import type { Room, RoomPart } from '../api/types'

export const ORDER = ['system', 'tools', 'attachments', 'questions', 'answers', 'results', 'draft', 'template'] as const
export type RoomKind = RoomPart['kind'] | 'answer' | 'free'

export interface Stretch {
  kind: RoomKind
  tokens: number
  /** Messages, tools or files; null where that says nothing. */
  items: number | null
  /** 0 to 1 of the bar. */
  share: number
}

export interface Bar {
  stretches: Stretch[]
  /** Where the context ends within the bar, 0 to 1; null when everything is inside. */
  limit: number | null
}

const LATIN = 3.8
const WIDE = 0x2e80

/** A guess at the tokens of a text, as the studio guesses where no engine can be asked. */
export function guess(text: string): number {
  let wide = 0
  for (const letter of text) if (letter.codePointAt(0)! >= WIDE) wide += 1
  return wide + Math.ceil((text.length - wide) / LATIN)
}

/** The room with what goes with it next: what is being written, where it is not measured yet, and files. */
export function withNext(room: Room, draft: string, files: { tokens: number; items: number }): Room {
  const of = (kind: RoomPart['kind']): RoomPart => room.parts.find((part) => part.kind === kind) ?? { kind, tokens: 0, items: 0 }
  const counted = of('draft').tokens
  const written = counted > 0 && draft ? counted : guess(draft)
  const sent = of('attachments')
  if (written === counted && files.tokens === 0) return room
  const parts = room.parts.filter(({ kind }) => kind !== 'draft' && kind !== 'attachments')
  if (written > 0) parts.push({ kind: 'draft', tokens: written, items: 1 })
  const attached = { ...sent, tokens: sent.tokens + files.tokens, items: sent.items + files.items }
  if (attached.tokens > 0) parts.push(attached)
  const used = room.used + written - counted + files.tokens
  const left = room.context === null ? null : room.context - used - room.answer
  return { ...room, parts, used, free: left === null ? null : Math.max(0, left), over: left === null ? 0 : Math.max(0, -left) }
}

/** Without a known context, the bar is what is used. */
export function barOf(room: Room): Bar {
  const asked = room.used + room.answer
  const scale = Math.max(room.context ?? 0, asked, 1)
  const stretch = (kind: RoomKind, tokens: number, items: number | null): Stretch => ({ kind, tokens, items, share: tokens / scale })
  const parts = ORDER.flatMap((kind) => room.parts.filter((part) => part.kind === kind))
  const stretches = parts.map((part) => stretch(part.kind, part.tokens, part.items || null))
  if (room.answer > 0) stretches.push(stretch('answer', room.answer, null))
  if (room.free) stretches.push(stretch('free', room.free, null))
  return { stretches, limit: room.context !== null && asked > room.context ? room.context / scale : null }
}
