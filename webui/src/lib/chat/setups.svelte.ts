// Setting up how a conversation asks: seen at once, kept a moment later, and taken back by a toast.
import { Refusal } from '../api/client'
import { t, told } from '../i18n/index.svelte'
import { sentenceOf } from '../store/actions'
import { toasts } from '../toasts.svelte'
import { asks } from './asks'
import type { Conversation } from './conversation.svelte'
import { isSame, NOTHING, type Setup } from './setup'

const MOMENT_MS = 500

class Setups {
  private timers = new Map<Conversation, ReturnType<typeof setTimeout>>()
  private saving = new Map<Conversation, Promise<void>>()
  /** What was kept from here will be told as a fact, too. */
  private echoes = new Map<Conversation, number>()

  /** One that has not begun keeps it until it does. */
  change(conversation: Conversation, patch: Partial<Setup>): void {
    const setup = { ...conversation.setup, ...patch }
    if (isSame(setup, conversation.setup)) return
    conversation.setup = setup
    conversation.objection = null
    if (!conversation.id) return
    this.soon(conversation)
  }

  /** It was started with this setup; what was changed meanwhile follows. */
  began(conversation: Conversation, setup: Setup): void {
    if (!isSame(setup, NOTHING)) this.count(conversation, 1)
    if (!isSame(setup, conversation.setup)) this.soon(conversation)
  }

  /** Whether a fact tells what was set up here. */
  isEcho(conversation: Conversation): boolean {
    const echoes = this.echoes.get(conversation) ?? 0
    if (echoes > 0) this.count(conversation, -1)
    return echoes > 0 || conversation.unsaved
  }

  private soon(conversation: Conversation): void {
    conversation.unsaved = true
    clearTimeout(this.timers.get(conversation))
    this.timers.set(conversation, setTimeout(() => void this.save(conversation), MOMENT_MS))
  }

  /** A change of several things at once: the toast takes it back. */
  replace(conversation: Conversation, patch: Partial<Setup>, said: string): void {
    const before = conversation.setup
    this.change(conversation, patch)
    if (isSame(before, conversation.setup)) return
    toasts.say(said, { label: t('action.undo'), run: () => this.change(conversation, before) })
  }

  /** Before something is asked: what was set up last is at the server. False: it is refused. */
  async settled(conversation: Conversation): Promise<boolean> {
    if (this.timers.has(conversation) || (conversation.id && conversation.unsaved)) await this.save(conversation)
    await this.saving.get(conversation)
    if (!conversation.objection) return true
    toasts.bad(conversation.objection.text)
    return false
  }

  private async save(conversation: Conversation): Promise<void> {
    clearTimeout(this.timers.get(conversation))
    this.timers.delete(conversation)
    const before = this.saving.get(conversation)
    const doing = (async () => {
      await before
      await this.put(conversation)
    })()
    this.saving.set(conversation, doing)
    await doing
    if (this.saving.get(conversation) === doing) this.saving.delete(conversation)
  }

  private count(conversation: Conversation, step: number): void {
    this.echoes.set(conversation, Math.max(0, (this.echoes.get(conversation) ?? 0) + step))
  }

  private async put(conversation: Conversation): Promise<void> {
    const { setup } = conversation
    this.count(conversation, 1)
    try {
      await asks.setUp(conversation.id, setup)
      conversation.unsaved = this.timers.has(conversation)
    } catch (error) {
      this.count(conversation, -1)
      const field = error instanceof Refusal ? error.problem.field : null
      if (field && error instanceof Refusal) {
        conversation.objection = { field: field.replace(/^setup\./, ''), text: told(error.problem.detail) }
      } else toasts.bad(sentenceOf(error))
    }
  }
}

export const setups = new Setups()
