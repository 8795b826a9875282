// The files that go with the next message of a conversation: on their way, read, or refused.
import { Refusal } from '../api/client'
import type { Attachment, AttachmentCost } from '../api/types'
import { costOf, LARGEST, upload } from './attaching'
import type { Conversation } from './conversation.svelte'
import { t, told } from '../i18n/index.svelte'
import { thumbnail } from './pictures'

export const MOST = 20
const THUMB = 96
const SOON_MS = 150
const AT_ONCE = 2

export type Way = 'sending' | 'reading' | 'there' | 'refused'

/** One file in the tray. */
export class Held {
  readonly key = crypto.randomUUID()
  way = $state<Way>('sending')
  /** 0 to 1 of it is at the studio. */
  sent = $state(0)
  thumb = $state('')
  attachment = $state.raw<Attachment | null>(null)
  problem = $state.raw<{ text: string; next: string } | null>(null)
  readonly abort = new AbortController()

  constructor(
    readonly name: string,
    readonly size: number,
  ) {}

  refuse(text: string, next = ''): void {
    this.way = 'refused'
    this.problem = { text, next }
  }
}

export class Tray {
  held = $state.raw<readonly Held[]>([])
  /** What they take of each model that is asked next. */
  costs = $state.raw<readonly AttachmentCost[]>([])
  private asking: AbortController | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private starting: Promise<void> | null = null

  constructor(private readonly conversation: Conversation) {}

  get files(): Attachment[] {
    return this.held.flatMap(({ attachment }) => (attachment ? [attachment] : []))
  }

  /** Some are still on their way, or will not come: the message would go without them. */
  get unsettled(): boolean {
    return this.held.some(({ way }) => way !== 'there')
  }

  /**
   * How many there was no room for.
   * `start`: the conversation has to be there before anything can be attached to it.
   */
  add(files: readonly File[], start: () => Promise<void>): number {
    const room = MOST - this.held.length
    for (const file of files.slice(0, room)) {
      const held = new Held(file.name || 'file', file.size)
      this.held = [...this.held, held]
      void this.bring(held, file, start)
    }
    return Math.max(0, files.length - room)
  }

  remove(held: Held): void {
    held.abort.abort()
    this.held = this.held.filter((one) => one !== held)
  }

  /** The message takes them with it; what is returned puts them back. */
  take(): () => void {
    const { held } = this
    this.held = []
    this.costs = []
    return () => {
      this.held = [...held, ...this.held]
    }
  }

  /** Ask what they take of these models, soon: more files may be coming. */
  weigh(models: readonly string[]): void {
    clearTimeout(this.timer)
    this.asking?.abort()
    const ids = this.files.map(({ id }) => id)
    if (ids.length === 0) {
      this.costs = []
      return
    }
    const abort = (this.asking = new AbortController())
    this.timer = setTimeout(() => void this.weighed(models, ids, abort.signal), SOON_MS)
  }

  private async weighed(models: readonly string[], ids: string[], signal: AbortSignal): Promise<void> {
    const { id } = this.conversation
    const asked = await Promise.all(models.map((model) => costOf(id, model, ids, signal).catch(() => null)))
    if (!signal.aborted) this.costs = asked.filter((cost) => cost !== null)
  }

  private async bring(held: Held, file: File, start: () => Promise<void>): Promise<void> {
    if (file.type.startsWith('image/')) void thumbnail(file, THUMB).then((url) => (held.thumb = url))
    try {
      if (file.size > LARGEST) return held.refuse(t('attach.too.large', { n: LARGEST / 2 ** 20 }))
      this.starting ??= this.conversation.id ? Promise.resolve() : start()
      await this.starting
      const progress = (share: number): void => {
        held.sent = share
        if (share === 1) held.way = 'reading'
      }
      const { signal } = held.abort
      held.attachment = await inTurn(() => upload(this.conversation.id, file, progress, signal))
      held.way = 'there'
    } catch (error) {
      if (!this.conversation.id) this.starting = null
      const problem = error instanceof Refusal ? error.problem : null
      held.refuse(told(problem?.detail) || t('attach.unreachable'), told(problem?.next_action))
    }
  }
}

let sending = 0
const waiting: (() => void)[] = []

/** A browser has few connections to one server, and the window needs the others. */
async function inTurn<T>(send: () => Promise<T>): Promise<T> {
  if (sending >= AT_ONCE) await new Promise<void>((go) => waiting.push(go))
  sending += 1
  try {
    return await send()
  } finally {
    sending -= 1
    waiting.shift()?.()
  }
}

const trays = new WeakMap<Conversation, Tray>()

/** It stays with its conversation while another is looked at. */
export function trayOf(conversation: Conversation): Tray {
  const tray = trays.get(conversation) ?? new Tray(conversation)
  trays.set(conversation, tray)
  return tray
}

/** To the same conversation, as it is held anew. False: there is nothing in it. */
export function passOn(from: Conversation, to: Conversation): boolean {
  const tray = trays.get(from)
  if (!tray?.held.length) return false
  trays.set(to, tray)
  return true
}
