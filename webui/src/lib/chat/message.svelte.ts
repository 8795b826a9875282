// One message. Its fields are live: the thread shows them as they change.
import type { MessageView, ReplyView } from '../api/types'
import type { Node } from './tree'

export type MessageState = 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed'

/** Milliseconds, and counts of tokens. */
export interface Timing {
  /** Since the epoch. */
  sentAt: number
  firstMs: number | null
  /** How long it reasoned; null: it did not. */
  thoughtMs: number | null
  totalMs: number | null
  tokens: number
  thoughtTokens: number
  /** The model had to be loaded first, so the first token includes that wait. */
  loaded: boolean
}

export interface Failure {
  text: string
  next: string
}

const STATES = { whole: 'done', stopped: 'stopped', cut: 'failed' } as const

/** How the id of what is not at the server yet begins. */
export const UNSENT = 'unsent-'

export class Message implements Node {
  id = $state('')
  parentId = $state.raw<string | null>(null)
  readonly role: string
  text = $state('')
  reasoning = $state('')
  model = $state('')
  lane = $state('')
  state = $state<MessageState>('done')
  finish = $state('')
  timing = $state.raw<Timing | null>(null)
  failure = $state.raw<Failure | null>(null)
  /** Why it says nothing: erased, lost or altered. */
  unreadable = $state('')

  constructor(role: string, id: string, parentId: string | null) {
    this.role = role
    this.id = id
    this.parentId = parentId
  }

  static of(view: MessageView): Message {
    const message = new Message(view.role, view.message_id, view.parent_id)
    message.take(view)
    return message
  }

  /** An answer under way, with what has come of it. */
  static from(reply: ReplyView, loaded: boolean): Message {
    const message = new Message('assistant', reply.reply_id, reply.parent_id)
    message.model = reply.model
    message.text = reply.text
    message.reasoning = reply.reasoning
    message.state = reply.text || reply.reasoning ? 'streaming' : 'waiting'
    message.timing = {
      sentAt: reply.since / 1000,
      firstMs: null,
      thoughtMs: null,
      totalMs: null,
      tokens: reply.events,
      thoughtTokens: 0,
      loaded,
    }
    return message
  }

  get underWay(): boolean {
    return this.state === 'waiting' || this.state === 'streaming'
  }

  get unsent(): boolean {
    return this.id.startsWith(UNSENT)
  }

  /** More of it has come. */
  grow(text: string, reasoning: string, tokens: number, now = Date.now()): void {
    const timing = this.timing
    if (timing) {
      const since = now - timing.sentAt
      const firstMs = timing.firstMs ?? since
      const came = tokens - timing.tokens
      this.timing = {
        ...timing,
        firstMs,
        thoughtMs: timing.thoughtMs ?? (text && (this.reasoning || reasoning) ? since - firstMs : null),
        totalMs: since,
        tokens,
        thoughtTokens: timing.thoughtTokens + (text ? 0 : came),
      }
    }
    this.text += text
    this.reasoning += reasoning
    this.state = 'streaming'
  }

  /** As it is recorded. */
  take(view: MessageView): void {
    const said = view.said ?? {}
    this.text = view.text ?? ''
    this.reasoning = said.reasoning ?? ''
    this.model = view.model ?? ''
    this.lane = said.lane ?? ''
    this.finish = said.finish ?? ''
    this.unreadable = view.unreadable ?? ''
    this.state = view.role === 'assistant' ? STATES[view.outcome as keyof typeof STATES] : 'done'
    this.failure = this.state === 'failed' ? { text: said.failure ?? '', next: said.next_action ?? '' } : null
    if (view.role !== 'assistant') return
    this.timing = {
      sentAt: view.added_at / 1000 - (said.duration_ms ?? 0),
      firstMs: said.first_token_ms ?? null,
      thoughtMs: said.thought_ms ?? null,
      totalMs: said.duration_ms ?? null,
      tokens: view.completion_tokens ?? this.timing?.tokens ?? 0,
      thoughtTokens: this.timing?.thoughtTokens ?? 0,
      loaded: this.timing?.loaded ?? false,
    }
  }
}

/** Tokens a second while they came; null when there is too little to tell. */
export function speed({ firstMs, totalMs, tokens }: Timing): number | null {
  if (firstMs === null || totalMs === null || tokens < 2) return null
  const seconds = (totalMs - firstMs) / 1000
  return seconds > 0.02 ? (tokens - 1) / seconds : null
}
