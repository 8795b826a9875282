// One message. Its fields are live: the thread shows them as they change.
import type { Attachment, MessageView, ReplyView, ToolCall, ToolOutcome } from '../api/types'
import { live } from './toolcalls.svelte'
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

const NOTHING_YET: Timing = {
  sentAt: 0,
  firstMs: null,
  thoughtMs: null,
  totalMs: null,
  tokens: 0,
  thoughtTokens: 0,
  loaded: false,
}

const STATES = { whole: 'done', stopped: 'stopped', cut: 'failed' } as const

/** How the id of what is not at the server yet begins. */
export const UNSENT = 'unsent-'

export class Message implements Node {
  id = $state('')
  parentId = $state.raw<string | null>(null)
  readonly role: string
  /** The reply that it is a part of, while that is under way. */
  replyId = ''
  text = $state('')
  reasoning = $state('')
  model = $state('')
  lane = $state('')
  state = $state<MessageState>('done')
  finish = $state('')
  timing = $state.raw<Timing | null>(null)
  failure = $state.raw<Failure | null>(null)
  /** The tools that it calls. */
  calls = $state.raw<readonly ToolCall[]>([])
  /** The files that go with it. */
  attachments = $state.raw<readonly Attachment[]>([])
  /** Of a tool's message: the call whose result it is, and what came of that. */
  answers = ''
  tool: Partial<ToolOutcome> | null = null
  /** Tools that were chosen, and could not be offered. */
  missing = $state.raw<readonly string[]>([])
  /** In the user's currency; null: nobody says. */
  cost = $state.raw<number | null>(null)
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
    const message = new Message('assistant', reply.message_id, reply.parent_id)
    message.replyId = reply.reply_id
    for (const row of reply.calls) live.set(row.call_id, row)
    message.model = reply.model
    message.text = reply.text
    message.reasoning = reply.reasoning
    message.state = reply.text || reply.reasoning ? 'streaming' : 'waiting'
    message.timing = { ...NOTHING_YET, sentAt: reply.since / 1000, tokens: reply.text || reply.reasoning ? reply.events : 0, loaded }
    return message
  }

  /** The answer that follows the results of tools, before any of it has come. */
  static following(before: Message, id: string, parentId: string): Message {
    const message = new Message('assistant', id, parentId)
    message.replyId = before.replyId
    message.model = before.model
    message.state = 'waiting'
    message.timing = { ...NOTHING_YET, sentAt: Date.now() }
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
    this.parentId = view.parent_id
    this.text = view.text ?? ''
    this.attachments = said.attachments ?? []
    this.reasoning = said.reasoning ?? ''
    this.model = view.model ?? ''
    this.lane = said.lane ?? ''
    this.finish = said.finish ?? ''
    this.unreadable = view.unreadable ?? ''
    this.calls = said.tool_calls ?? []
    this.answers = said.answers ?? ''
    this.tool = said.tool ?? null
    this.missing = said.missing ?? []
    this.cost = said.cost ?? null
    this.state = STATES[view.outcome as keyof typeof STATES]
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
