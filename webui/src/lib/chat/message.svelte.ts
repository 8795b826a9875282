// One message. Its fields are live: the thread shows them as they change.

export type MessageState = 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed'

/** Milliseconds since the epoch, and counts of tokens. */
export interface Timing {
  sentAt: number
  firstAt: number | null
  textAt: number | null // when the answer itself began, after any reasoning
  lastAt: number | null
  tokens: number
  thoughtTokens: number
  /** The model had to be loaded first, so the first token includes that wait. */
  loaded: boolean
}

export interface Failure {
  text: string
  next: string
}

export interface SavedMessage {
  id: string
  role: 'user' | 'assistant'
  text: string
  reasoning: string
  model: string
  lane: string
  state: MessageState
  finish: string
  timing: Timing | null
  failure: Failure | null
}

export class Message {
  readonly id: string
  readonly role: 'user' | 'assistant'
  text = $state('')
  reasoning = $state('')
  model = $state('')
  lane = $state('')
  state = $state<MessageState>('done')
  finish = $state('')
  timing = $state.raw<Timing | null>(null)
  failure = $state.raw<Failure | null>(null)

  constructor(role: 'user' | 'assistant', text = '', id: string = crypto.randomUUID()) {
    this.id = id
    this.role = role
    this.text = text
  }

  static from(saved: SavedMessage): Message {
    const message = new Message(saved.role, saved.text, saved.id)
    const { reasoning, model, lane, finish, timing, failure } = saved
    Object.assign(message, { reasoning, model, lane, finish, timing, failure })
    // Whatever was under way when the page closed did not go on.
    message.state = saved.state === 'waiting' || saved.state === 'streaming' ? 'stopped' : saved.state
    return message
  }

  save(): SavedMessage {
    const { id, role, text, reasoning, model, lane, state, finish, timing, failure } = this
    return { id, role, text, reasoning, model, lane, state, finish, timing, failure }
  }

  get underWay(): boolean {
    return this.state === 'waiting' || this.state === 'streaming'
  }
}

/** Tokens a second while they came; null when there is too little to tell. */
export function speed(timing: Timing): number | null {
  if (timing.firstAt === null || timing.lastAt === null || timing.tokens < 2) return null
  const seconds = (timing.lastAt - timing.firstAt) / 1000
  return seconds > 0.02 ? (timing.tokens - 1) / seconds : null
}
