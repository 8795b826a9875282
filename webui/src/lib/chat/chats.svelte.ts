// The conversations, which live on the server: this is what the window knows of them, and what a person
// does to them. Whatever is asked is shown at once, and taken back when the studio refuses.
import { api, Refusal } from '../api/client'
import type { Attachment, ConversationView, FactEntry } from '../api/types'
import { asks } from './asks'
import { past } from '../past/past.svelte'
import { router } from '../router.svelte'
import { attempt } from '../store/actions'
import { studio } from '../store/studio.svelte'
import { Conversation } from './conversation.svelte'
import { Message, UNSENT } from './message.svelte'
import { offered } from './offered.svelte'
import { NOTHING, type Setup } from './setup'
import { setups } from './setups.svelte'
import { followReply } from './reply'
import { takeOver } from './former'
import { newestUnder, siblingsOf } from './tree'
import { dequeue, takeBack, written, type Queued } from './queue'
import { passOn } from './tray.svelte'
import { unsent } from './unsent'
import { bringRest, NEWEST, wholeOf } from './whole'

const TITLE = 80
const SOON_MS = 250
export const NEW = 'new'

class Chats {
  list = $state.raw<readonly ConversationView[] | null>(null)
  current = $state.raw<Conversation>(new Conversation())

  /** The question that is being written anew. */
  editing = $state<string | null>(null)
  /** What was found in a conversation, until its thread shows it. */
  sought = $state.raw<{ conversation: string; message: string } | null>(null)

  private held = new Map<string, Conversation>()
  private following = new Map<string, AbortController>()
  private timer: ReturnType<typeof setTimeout> | undefined

  /** The list, now and whenever something is recorded; returns the way to stop. */
  watch(): () => void {
    void takeOver().finally(() => this.load())
    void unsent.load().then(() => this.goOnWriting())
    return studio.onFact((fact) => this.hear(fact))
  }

  async load(): Promise<void> {
    await attempt(async () => {
      this.list = await api.conversations()
      for (const view of this.list) {
        const held = this.held.get(view.conversation_id)
        if (held) held.view = view // a model may have found its title
      }
      this.saveDraft()
    })
  }

  /** What was being written in the conversation that is shown, perhaps in a window that is closed. */
  private goOnWriting(): void {
    if (this.current.queued.length > 0) return // that is a part of it
    this.current.draft ||= unsent.of(this.current.id)
  }

  /** One without a message is erased after a day, also while it is open: what is written in it goes on. */
  private saveDraft(): void {
    const { erased, messages, draft, setup, model } = this.current
    if (!erased || messages.length > 0 || !draft.trim() || past.on) return
    this.current = new Conversation()
    Object.assign(this.current, { draft, setup, model })
    router.amend(NEW)
  }

  /** What the address names: one of them, a new one, or the one that was open last. */
  async show(id: string): Promise<void> {
    if (id === NEW || (!id && !this.current.id)) {
      if (this.current.id) this.begin()
      return
    }
    if (!id) return router.amend(this.current.id)
    const conversation = this.held.get(id) ?? new Conversation()
    this.held.set(id, conversation)
    this.current = conversation
    if (conversation.id && conversation.loaded && !conversation.unread && !past.on) return void attempt(() => wholeOf(conversation))
    conversation.id = id
    this.goOnWriting()
    conversation.loaded = false
    await this.read(conversation, conversation.messages.length > 0)
  }

  /** A fresh one; an empty one is used again. */
  begin(): void {
    const { model, setup } = this.current
    if (this.current.messages.length === 0 && !this.current.id) return
    this.current = new Conversation()
    this.current.model = model
    this.current.setup = { ...NOTHING, model: setup.model }
    this.goOnWriting()
  }

  /** A fresh one that asks like this. */
  beginLike(setup: Setup): void {
    this.current = new Conversation()
    this.current.setup = setup
    router.go('chat', NEW)
  }

  /** The past is entered or left: what is held is of another time, but not what is written and attached. */
  forget(): void {
    this.following.forEach((abort) => abort.abort())
    this.following.clear()
    const { id } = this.current
    const former = new Map(this.held)
    if (id) former.set(id, this.current)
    this.held.clear()
    for (const [name, one] of former) {
      this.takeBack(one) // nobody follows the answer that it waits for
      const next = new Conversation()
      next.loaded = false
      if (passOn(one, next)) this.held.set(name, next)
    }
    void this.load()
    if (!id) return // what is not there yet is of no time, and what is written in it stays
    this.current = new Conversation()
    void attempt(() => this.show(id))
  }

  /** The model a conversation speaks to: its own choice, else the resident one, else the first there is. */
  modelOf(conversation: Conversation): string | null {
    const recipes = studio.status?.recipes ?? []
    const chosen = [conversation.setup.model, conversation.model].find((name) => offered.may(name))
    return chosen ?? (studio.active ?? recipes[0])?.public_name ?? offered.choices[0]?.name ?? conversation.model
  }

  /** Those that are asked next: several where answers are to be compared. */
  modelsOf(conversation: Conversation): string[] {
    if (conversation.against.length > 1) return [...conversation.against]
    const model = this.modelOf(conversation)
    return model === null ? [] : [model]
  }

  /** False: it could not be sent, and is to be kept where it was written. */
  async send(text: string, files: readonly Attachment[] = [], conversation = this.current): Promise<boolean> {
    let answer: Message | null = null
    conversation.sending = true
    const parent = conversation.leaf // as it is shown now
    try {
      if (!(await setups.settled(conversation))) return false
      conversation.beside = null
      const asked = await this.say(conversation, text, parent, files)
      if (asked) answer = await this.reply(conversation, asked.id)
      return asked !== null
    } finally {
      conversation.sending = false
      if (!conversation.busy) void this.sendNext(conversation, answer) // it has ended already, or never began
    }
  }

  /** What waits for the answer under way stands where it was written again. */
  takeBack(conversation: Conversation, which: readonly Queued[] = conversation.queued): void {
    if (which.length === 0) return
    takeBack(conversation, which)
    unsent.keep(conversation.id, written(conversation))
  }

  /** An answer has ended: what waited for that is sent, or given back where it did not come whole (null). */
  private async sendNext(conversation: Conversation, answer: Message | null): Promise<void> {
    if (!answer) return this.takeBack(conversation)
    if (conversation.busy || conversation.sending) return
    // Somebody has turned to another branch, or not chosen yet which answer it goes on from.
    const follows = conversation.branch.some(({ replyId }) => replyId === answer.replyId)
    if (!follows || conversation.beside !== null) return this.takeBack(conversation)
    const next = dequeue(conversation)
    if (!next) return
    unsent.keep(conversation.id, written(conversation))
    if (await this.send(next.text, next.files, conversation)) return
    conversation.queued = [next, ...conversation.queued]
    this.takeBack(conversation)
  }

  /** It is at the server, for what has to be there before its first message. Throws. */
  async ensure(conversation: Conversation): Promise<void> {
    if (!conversation.id) await this.start(conversation, '')
  }

  /** Sends a question again with other words and the same files, beside the former one. */
  async revise(message: Message, text: string): Promise<void> {
    const conversation = this.current
    const asked = await this.say(conversation, text, message.parentId, message.attachments)
    if (asked) await this.reply(conversation, asked.id)
    else conversation.leaf = newestUnder(conversation.messages, message.id)
  }

  /** Answers again what this answers, beside it. */
  async regenerate(message: Message): Promise<void> {
    if (message.parentId) await this.reply(this.current, message.parentId)
  }

  /** Answers a question that nobody has answered. */
  async answer(question: Message): Promise<void> {
    await this.reply(this.current, question.id)
  }

  /** Lets other models answer the same, beside the answer that there is. */
  async compare(message: Message, models: readonly string[]): Promise<void> {
    const { parentId } = message
    if (!parentId) return
    await this.reply(this.current, parentId, false, models)
    this.current.beside = parentId
  }

  /** Shows the answers to a message side by side, or one of them alone again. */
  lay(parent: string | null): void {
    this.current.beside = parent
  }

  /** Of the answers side by side, the conversation goes on with this one. */
  async choose(message: Message): Promise<void> {
    const conversation = this.current
    await attempt(() => wholeOf(conversation))
    conversation.beside = null
    conversation.against = []
    this.showUpTo(conversation, newestUnder(conversation.messages, message.id))
  }

  /** Goes on with an answer that was stopped or cut. */
  async goOn(message: Message): Promise<void> {
    await this.reply(this.current, message.id, true)
  }

  /** Shows the way on from the one before or after a message, among those beside it. */
  async turn(message: Message, step: 1 | -1): Promise<void> {
    const conversation = this.current
    if (!(await attempt(() => wholeOf(conversation)))) return
    const beside = siblingsOf(conversation.messages, message)
    const next = beside[beside.indexOf(message) + step]
    if (!next) return
    this.showUpTo(conversation, newestUnder(conversation.messages, next.id))
  }

  private showUpTo(conversation: Conversation, leaf: string): void {
    conversation.leaf = leaf
    const kept = conversation.messages.find(({ id }) => id === leaf)
    if (!past.on && kept && !kept.underWay) {
      void attempt(() => api.changeConversation(conversation.id, { chosen: leaf }))
    }
  }

  stop(conversation: Conversation = this.current): void {
    for (const message of conversation.messages) {
      if (message.underWay) void attempt(() => api.stopReply(conversation.id, message.replyId))
    }
  }

  async change(view: ConversationView, change: Partial<ConversationView>): Promise<void> {
    const put = (shown: ConversationView): void => {
      const { conversation_id: id } = shown
      this.list = this.list?.map((one) => (one.conversation_id === id ? shown : one)) ?? null
      const held = this.held.get(id)
      if (held) held.view = shown
    }
    put({ ...view, ...change })
    if (!(await attempt(() => api.changeConversation(view.conversation_id, change)))) put(view)
  }

  /** For ever. */
  async erase(view: ConversationView): Promise<void> {
    const { conversation_id: id } = view
    if (!(await attempt(() => api.eraseConversation(id)))) return
    this.held.delete(id)
    this.list = this.list?.filter((one) => one.conversation_id !== id) ?? null
    if (this.current.id === id) {
      this.current = new Conversation()
      router.amend(NEW)
    }
  }

  // ---- parts -----------------------------------------------------------------------------------

  private async say(
    conversation: Conversation,
    text: string,
    parent: string | null,
    files: readonly Attachment[],
  ): Promise<Message | null> {
    const message = new Message('user', `${UNSENT}${crypto.randomUUID()}`, parent)
    message.text = text
    message.attachments = files
    conversation.add(message)
    const sent = await attempt(async () => {
      if (!conversation.id) await this.start(conversation, text)
      const said = await asks.say(conversation.id, text, parent, files.map(({ id }) => id))
      message.id = said!.message_id
      conversation.keep(message)
    })
    if (sent) void this.title(conversation, text)
    if (!sent) conversation.remove(message)
    return sent ? message : null
  }

  /** One that began with a file had nothing to be called by. */
  private async title(conversation: Conversation, text: string): Promise<void> {
    const title = firstLine(text)
    if (!conversation.view || conversation.view.title || !title) return
    await attempt(() => api.changeConversation(conversation.id, { title, titled_by: 'first-line' }))
  }

  private async start(conversation: Conversation, text: string): Promise<void> {
    const title = firstLine(text)
    const { setup } = conversation
    const view = await api.startConversation({ title: title || null, titled_by: 'first-line', setup })
    conversation.view = view
    conversation.id = view!.conversation_id
    setups.began(conversation, setup)
    this.held.set(conversation.id, conversation)
    if (view) this.list = [view, ...(this.list ?? [])]
    if (this.current === conversation) router.amend(conversation.id)
  }

  private async reply(
    conversation: Conversation,
    to: string,
    goesOn = false,
    models: readonly string[] = goesOn ? this.modelsOf(conversation).slice(0, 1) : this.modelsOf(conversation),
  ): Promise<Message | null> {
    if (!(await setups.settled(conversation))) return null
    const begun: Message[] = []
    for (const model of models) {
      await attempt(async () => {
        begun.push(await this.ask(conversation, to, model, goesOn))
      })
    }
    if (begun[0]) conversation.leaf = begun[0].id
    if (begun.length > 1) conversation.beside = to
    return begun[0] ?? null
  }

  private async ask(conversation: Conversation, to: string, model: string, goesOn: boolean): Promise<Message> {
    const { system, parameters, tools } = conversation.setup
    const recipe = studio.status?.recipes.find((r) => r.public_name === model)
    const reply = await api.beginReply(conversation.id, { model, to, goes_on: goesOn, system, parameters, tools })
    const message = Message.from(reply!, recipe?.state !== 'ready')
    if (goesOn) message.text = conversation.messages.find(({ id }) => id === to)?.text ?? ''
    conversation.add(message)
    void this.follow(conversation, message, 0)
    return message
  }

  private async follow(conversation: Conversation, message: Message, after: number): Promise<void> {
    const abort = new AbortController()
    this.following.set(message.replyId, abort)
    const whole = await followReply(conversation, message.replyId, after, abort.signal)
    this.following.delete(message.replyId)
    if (!abort.signal.aborted) await this.sendNext(conversation, whole ? message : null)
  }

  /** Its end, and the rest when that is seen; or all of it at once. */
  private async read(conversation: Conversation, whole = false): Promise<void> {
    const { id } = conversation
    try {
      const [read, replies] = await Promise.all([
        whole ? api.conversation(id) : asks.end(id, NEWEST),
        past.on ? Promise.resolve([]) : api.replies(id),
      ])
      const fresh = conversation.take(read, replies)
      if (conversation.earlier > 0) void attempt(() => bringRest(conversation, read))
      for (const message of fresh) {
        const { events } = replies.find(({ reply_id }) => reply_id === message.replyId)!
        void this.follow(conversation, message, events)
      }
    } catch (error) {
      conversation.unread = !(error instanceof Refusal && error.problem.status === 404)
      if (!conversation.unread && !past.on && this.held.get(id) === conversation) this.held.delete(id)
      conversation.loaded = true
      if (conversation.unread) throw error
    }
  }

  /** Another window, the terminal or a reply has written something. */
  private hear(fact: FactEntry): void {
    const id = fact.data['conversation_id']
    if (typeof id !== 'string' || past.on) return
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.load(), SOON_MS)
    const held = this.held.get(id)
    if (held?.loaded && fact.type === 'conversation-set-up' && !setups.isEcho(held)) void this.read(held, true).catch(() => undefined)
    if (!held?.loaded || fact.type !== 'message-added') return
    const told = fact.data['message_id']
    const known = held.messages.some((message) => message.id === told || message.unsent)
    if (!known) void this.read(held, true).catch(() => undefined)
  }
}

const firstLine = (text: string): string => text.trim().split('\n')[0]?.slice(0, TITLE) ?? ''

export const chats = new Chats()
