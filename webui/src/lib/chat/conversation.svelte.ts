// One conversation as the window holds it: all its messages, and which way through them is shown.
import type { ConversationRead, ConversationView, ReplyView } from '../api/types'
import { Message } from './message.svelte'
import type { Queued } from './queue'
import { NOTHING, setupOf, type Setup } from './setup'
import { besideEachOther, branchTo, followers } from './tree'

/** What the studio says against a setup, and at which field. */
export interface Objection {
  field: string
  text: string
}

export class Conversation {
  /** Empty until its first message is sent: nothing is kept of a conversation with nothing in it. */
  id = $state('')
  view = $state.raw<ConversationView | null>(null)
  /** How it asks its model. */
  setup = $state.raw<Setup>(NOTHING)
  objection = $state.raw<Objection | null>(null)
  /** Who answered last, where no model is set; null follows whatever is resident. */
  model = $state<string | null>(null)
  /** What is being written. */
  draft = $state('')
  /** What is sent after the answer under way; and that a message is on its way to the studio. */
  queued = $state.raw<readonly Queued[]>([])
  sending = $state(false)
  /** Which models are asked it, where more than one are. */
  against = $state.raw<readonly string[]>([])
  messages = $state.raw<readonly Message[]>([])
  leaf = $state<string | null>(null)
  /** Its messages are here, or there are none. */
  loaded = $state(true)
  /** How many of them are still to come: those before the end, and other branches. */
  earlier = $state(0)
  /** What was set up is not at the server yet. */
  unsaved = false
  /** It could not be read just now. */
  unread = $state(false)
  /** The message whose answers are shown side by side. */
  beside = $state<string | null>(null)
  branch = $derived<readonly Message[]>(branchTo(this.messages, this.leaf))
  /** What is shown of it before the answers that stand side by side; without such, all of it. */
  before = $derived<readonly Message[]>(
    this.beside === null ? this.branch : branchTo(this.messages, this.beside),
  )

  readonly busy = $derived(this.messages.some((message) => message.underWay))
  /** What answers or follows each message, in the order in which it came. */
  private readonly under = $derived(followers(this.messages))

  get erased(): boolean {
    return this.view !== null && this.view.standing !== 'open'
  }

  add(message: Message): void {
    this.messages = [...this.messages, message]
    this.leaf = message.id
  }

  /** It is at the server now: what was read of it meanwhile is this. */
  keep(message: Message): void {
    this.messages = this.messages.filter((other) => other === message || other.id !== message.id)
    this.leaf = message.id
  }

  remove(message: Message): void {
    this.messages = this.messages.filter((other) => other !== message)
    if (this.leaf === message.id) this.leaf = message.parentId
  }

  /** Where a message stands among those that could stand there: [2, 3] is "2/3". */
  placeOf(message: Message): [number, number] {
    const beside = this.under.get(message.parentId) ?? []
    return [beside.indexOf(message) + 1, beside.length]
  }

  /** Whether anything answers or follows a message. */
  goesOn(message: Message): boolean {
    return this.under.has(message.id)
  }

  /** The answers that are compared, the first asked first. */
  get compared(): readonly Message[] {
    return this.beside === null ? [] : besideEachOther(this.messages, this.beside)
  }

  /** All of them are here now: these, in their order, and whatever has come since. */
  fill(whole: readonly Message[]): void {
    const ids = new Set(whole.map(({ id }) => id))
    this.messages = [...whole, ...this.messages.filter(({ id }) => !ids.has(id))]
    this.earlier = 0
  }

  /** Another window may have said how it asks, but not while this one does. */
  takeSetup(read: Partial<Setup> | null | undefined): void {
    if (this.unsaved) return
    this.setup = setupOf(read)
    this.objection = null
  }

  /**
   * Messages as the server has them, and replies under way; returns the replies that are new here.
   * What is shown stays, unless somebody else went on from it.
   */
  take(read: ConversationRead, replies: readonly ReplyView[]): Message[] {
    const known = new Map(this.messages.map((message) => [message.id, message]))
    const here = read.messages.map((view) => {
      const message = known.get(view.message_id)
      if (!message) return Message.of(view)
      if (!message.underWay) message.take(view)
      return message
    })
    const fresh = replies
      .filter(({ message_id }) => !known.has(message_id) && !here.some(({ id }) => id === message_id))
      .filter(({ reply_id }) => !this.messages.some((one) => one.replyId === reply_id && one.underWay))
      .map((reply) => Message.from(reply, false))
    // Nothing is ever taken out of a conversation: what is not in this reading came after it was asked for.
    const told = new Set(here)
    const mine = this.messages.filter((message) => !told.has(message))
    this.view = read.conversation
    this.messages = [...here, ...mine, ...fresh]
    this.earlier = read.earlier ?? 0
    this.model ??= read.conversation.model
    this.takeSetup(read.setup)
    const shown = this.messages.some(({ id }) => id === this.leaf)
    if (!shown) this.leaf = read.chosen ?? this.messages.at(-1)?.id ?? null
    const going = this.messages.findLast((message) => message.underWay && message.parentId === this.leaf)
    if (going) this.leaf = going.id
    const parent = fresh.find((one) => fresh.some((other) => other !== one && other.parentId === one.parentId))
    if (parent) this.beside ??= parent.parentId
    this.unread = false
    this.loaded = true
    return fresh
  }
}
