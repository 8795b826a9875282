// One conversation as the window holds it: all its messages, and which way through them is shown.
import type { ConversationRead, ConversationView, ReplyView } from '../api/types'
import { Message } from './message.svelte'
import { branchTo, siblingsOf } from './tree'

export class Conversation {
  /** Empty until its first message is sent: nothing is kept of a conversation with nothing in it. */
  id = $state('')
  view = $state.raw<ConversationView | null>(null)
  /** The name sent as `model`; null follows whatever is resident. */
  model = $state<string | null>(null)
  messages = $state.raw<readonly Message[]>([])
  leaf = $state<string | null>(null)
  /** Its messages are here, or there are none. */
  loaded = $state(true)
  /** It could not be read just now. */
  unread = $state(false)
  branch = $derived<readonly Message[]>(branchTo(this.messages, this.leaf))

  get busy(): boolean {
    return this.messages.some((message) => message.underWay)
  }

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
    const beside = siblingsOf(this.messages, message)
    return [beside.indexOf(message) + 1, beside.length]
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
    const mine = this.messages.filter((message) => (message.underWay || message.unsent) && !here.includes(message))
    this.view = read.conversation
    this.messages = [...here, ...mine, ...fresh]
    this.model ??= read.conversation.model
    const shown = this.messages.some(({ id }) => id === this.leaf)
    if (!shown) this.leaf = read.chosen ?? this.messages.at(-1)?.id ?? null
    const going = this.messages.findLast((message) => message.underWay && message.parentId === this.leaf)
    if (going) this.leaf = going.id
    this.unread = false
    this.loaded = true
    return fresh
  }
}
