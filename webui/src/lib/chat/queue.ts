// What is sent once the answer under way has come: it waits in sight, and can be taken back until then.
// It is of this window: one that closes leaves the text to the next, and the files not (see ../../../README.md).
import type { Attachment } from '../api/types'
import type { Conversation } from './conversation.svelte'

export interface Queued {
  readonly key: string
  readonly text: string
  readonly files: readonly Attachment[]
  /** Its files, into the tray they came from. */
  readonly putBack: () => void
}

export function enqueue(conversation: Conversation, text: string, files: readonly Attachment[], putBack: () => void): void {
  conversation.queued = [...conversation.queued, { key: crypto.randomUUID(), text, files, putBack }]
}

/** The next one, out of the queue. */
export function dequeue(conversation: Conversation): Queued | undefined {
  const [next, ...rest] = conversation.queued
  conversation.queued = rest
  return next
}

/** These stand where they were written again, before what is being written. */
export function takeBack(conversation: Conversation, which: readonly Queued[] = conversation.queued): void {
  conversation.queued = conversation.queued.filter((one) => !which.includes(one))
  conversation.draft = joined([...which.map(({ text }) => text), conversation.draft])
  which.forEach(({ putBack }) => putBack())
}

/** All that is written and not sent. */
export const written = ({ queued, draft }: Conversation): string =>
  queued.length > 0 ? joined([...queued.map(({ text }) => text), draft]) : draft

export const joined = (texts: readonly string[]): string => texts.filter((text) => text.trim()).join('\n\n')
