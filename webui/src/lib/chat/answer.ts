// Fills one answer from a stream: text at most 30 times a second, and the times a person wants to know.
import { Refusal } from '../api/client'
import { told } from '../i18n/index.svelte'
import { sentenceOf } from '../store/actions'
import { complete, type Piece, type Turn } from './completion'
import type { Message, Timing } from './message.svelte'
import { ThinkSplitter } from './thinking'

const FLUSH_MS = 33

export async function answer(
  message: Message,
  model: string,
  turns: readonly Turn[],
  resident: boolean,
  signal: AbortSignal,
): Promise<void> {
  const filling = new Filling(message, resident)
  try {
    for await (const piece of complete(model, turns, signal, (headers) => {
      message.lane = headers.get('x-studio-lane') ?? ''
    })) {
      filling.take(piece)
    }
    filling.end('done')
  } catch (error) {
    if (signal.aborted) return filling.end('stopped')
    message.failure = {
      text: sentenceOf(error),
      next: error instanceof Refusal ? told(error.problem.next_action) : '',
    }
    filling.end('failed')
  }
}

class Filling {
  private text = ''
  private reasoning = ''
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly splitter = new ThinkSplitter()
  private readonly timing: Timing

  constructor(
    private readonly message: Message,
    resident: boolean,
  ) {
    this.timing = {
      sentAt: Date.now(),
      firstAt: null,
      textAt: null,
      lastAt: null,
      tokens: 0,
      thoughtTokens: 0,
      loaded: !resident,
    }
    message.timing = this.timing
    message.state = 'waiting'
  }

  take(piece: Piece): void {
    const split = piece.text ? this.splitter.push(piece.text) : { reasoning: '', text: '' }
    const reasoning = piece.reasoning + split.reasoning
    if (piece.text || piece.reasoning) this.count(reasoning !== '', split.text !== '')
    this.reasoning += reasoning
    this.text += split.text
    if (piece.finish) this.message.finish = piece.finish
    if (piece.completionTokens !== null) this.timing.tokens = piece.completionTokens
    this.timer ??= setTimeout(() => this.flush(), FLUSH_MS)
  }

  end(state: 'done' | 'stopped' | 'failed'): void {
    const rest = this.splitter.finish()
    this.reasoning += rest.reasoning
    this.text += rest.text
    this.flush()
    this.message.state = state
  }

  /** One piece is one token nearly always; the server's own count replaces the sum at the end. */
  private count(thinking: boolean, speaking: boolean): void {
    const now = Date.now()
    this.timing.firstAt ??= now
    if (speaking) this.timing.textAt ??= now
    this.timing.lastAt = now
    this.timing.tokens += 1
    if (thinking) this.timing.thoughtTokens += 1
  }

  private flush(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    if (this.text) this.message.text += this.text
    if (this.reasoning) this.message.reasoning += this.reasoning
    this.text = ''
    this.reasoning = ''
    this.message.timing = { ...this.timing }
    if (this.timing.firstAt !== null && this.message.state === 'waiting') {
      this.message.state = 'streaming'
    }
  }
}
