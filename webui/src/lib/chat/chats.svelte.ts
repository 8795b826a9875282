// The conversations of this browser: in memory, and in its storage for the next time.
import { t } from '../i18n/index.svelte'
import { studio } from '../store/studio.svelte'
import { toasts } from '../toasts.svelte'
import { answer } from './answer'
import type { Turn } from './completion'
import { Message, type SavedMessage } from './message.svelte'

const NAME = 'studio.chats'
const KEPT = 50
const SAVE_MS = 600

interface SavedConversation {
  id: string
  model: string | null
  at: number
  messages: SavedMessage[]
}

export class Conversation {
  readonly id: string
  /** The name sent as `model`; null follows whatever is resident. */
  model = $state<string | null>(null)
  at = $state(Date.now())
  messages = $state.raw<readonly Message[]>([])

  constructor(id: string = crypto.randomUUID()) {
    this.id = id
  }

  get title(): string {
    const first = this.messages.find((message) => message.role === 'user')?.text.trim() ?? ''
    return first.split('\n')[0]?.slice(0, 80) ?? ''
  }

  get busy(): boolean {
    return this.messages.at(-1)?.underWay ?? false
  }
}

class Chats {
  list = $state.raw<readonly Conversation[]>(load())
  current = $state.raw<Conversation>(this.list[0] ?? new Conversation())

  private aborts = new Map<string, AbortController>()
  private timer: ReturnType<typeof setTimeout> | undefined
  private warned = false

  /** A fresh conversation; an empty one is used again. */
  begin(): void {
    const model = this.current.model
    if (this.current.messages.length === 0) return
    this.current = new Conversation()
    this.current.model = model
  }

  open(conversation: Conversation): void {
    this.current = conversation
  }

  remove(conversation: Conversation): void {
    const list = this.list
    this.stop(conversation)
    this.list = list.filter((other) => other !== conversation)
    if (this.current === conversation) this.current = this.list[0] ?? new Conversation()
    this.saveSoon()
    toasts.say(t('chat.deleted'), {
      label: t('action.undo'),
      run: () => {
        this.list = list
        this.current = conversation
        this.saveSoon()
      },
    })
  }

  /** The model a conversation speaks to: its own choice, else the resident one, else the first there is. */
  modelOf(conversation: Conversation): string | null {
    const recipes = studio.status?.recipes ?? []
    const chosen = recipes.find((recipe) => recipe.public_name === conversation.model)
    return (chosen ?? studio.active ?? recipes[0])?.public_name ?? conversation.model
  }

  async send(text: string): Promise<void> {
    const conversation = this.current
    const asked = new Message('user', text)
    conversation.messages = [...conversation.messages, asked]
    if (!this.list.includes(conversation)) this.list = [conversation, ...this.list]
    await this.reply(conversation)
  }

  /** Answers again what the given answer answered; everything after it goes. */
  async regenerate(message: Message): Promise<void> {
    const conversation = this.current
    const at = conversation.messages.indexOf(message)
    conversation.messages = conversation.messages.slice(0, at)
    await this.reply(conversation)
  }

  /** Sends a question again with other words; everything after it goes. */
  async revise(message: Message, text: string): Promise<void> {
    const conversation = this.current
    conversation.messages = conversation.messages.slice(0, conversation.messages.indexOf(message))
    await this.send(text)
  }

  stop(conversation: Conversation = this.current): void {
    this.aborts.get(conversation.id)?.abort()
  }

  private async reply(conversation: Conversation): Promise<void> {
    const model = this.modelOf(conversation)
    if (model === null) return
    const turns = turnsOf(conversation.messages)
    const message = new Message('assistant')
    message.model = model
    conversation.messages = [...conversation.messages, message]
    conversation.at = Date.now()
    const abort = new AbortController()
    this.aborts.set(conversation.id, abort)
    const recipe = studio.status?.recipes.find((r) => r.public_name === model)
    this.saveSoon()
    await answer(message, model, turns, recipe?.state === 'ready', abort.signal)
    if (this.aborts.get(conversation.id) === abort) this.aborts.delete(conversation.id)
    this.saveSoon()
  }

  private saveSoon(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.save(), SAVE_MS)
  }

  private save(): void {
    const saved = this.list.slice(0, KEPT).map(
      ({ id, model, at, messages }): SavedConversation => ({
        id,
        model,
        at,
        messages: messages.map((message) => message.save()),
      }),
    )
    try {
      localStorage.setItem(NAME, JSON.stringify(saved))
    } catch {
      if (!this.warned) toasts.bad(t('chat.full'))
      this.warned = true
    }
  }
}

function turnsOf(messages: readonly Message[]): Turn[] {
  return messages
    .filter((message) => message.text.trim() !== '' && message.state !== 'failed')
    .map(({ role, text }) => ({ role, content: text }))
}

function load(): Conversation[] {
  try {
    const saved = JSON.parse(localStorage.getItem(NAME) ?? '[]') as SavedConversation[]
    return saved.map((entry) => {
      const conversation = new Conversation(entry.id)
      conversation.model = entry.model
      conversation.at = entry.at
      conversation.messages = entry.messages.map((message) => Message.from(message))
      return conversation
    })
  } catch {
    return []
  }
}

export const chats = new Chats()
