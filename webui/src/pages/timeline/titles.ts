// Conversations by what people call them, where a sentence has only their id. Pure.
import type { ConversationView, FactEntry } from '../../lib/api/types'

export type Known = ReadonlyMap<string, Pick<ConversationView, 'standing' | 'title'>>

export interface Words {
  quoted: (title: string) => string
  erased: string
}

/** The conversation that a fact is about; empty: none. */
export function conversationOf(fact: Pick<FactEntry, 'data'>): string {
  const id = fact.data['conversation_id']
  return typeof id === 'string' ? id : ''
}

/** One without a title, or of which nothing is known, keeps its id. */
export function withTitle(text: string, id: string, known: Known, words: Words): string {
  const one = known.get(id)
  if (!id || !one) return text
  const title = one.title?.trim() ?? ''
  if (one.standing === 'erased') return text.replaceAll(id, () => words.erased)
  return title ? text.replaceAll(id, () => words.quoted(title)) : text
}
