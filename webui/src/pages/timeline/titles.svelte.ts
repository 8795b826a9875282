// What conversations are called today, asked for once a sentence names one: the timeline tells all that
// happened, also what came later. Whoever may not see conversations sees ids.
import { get, Refusal } from '../../lib/api/client'
import type { ConversationView, FactEntry } from '../../lib/api/types'
import { sentence, t } from '../../lib/i18n/index.svelte'
import { studio } from '../../lib/store/studio.svelte'
import { conversationOf, withTitle, type Known } from './titles'

const AGAIN_MS = 300
const CALLED_ANEW: ReadonlySet<string> = new Set([
  'conversation-started', 'conversation-renamed', 'conversation-erasure-requested', 'conversation-erased',
])

export class Titles {
  known = $state.raw<Known>(new Map())
  private asked = false
  private hearing = false
  private timer: ReturnType<typeof setTimeout> | undefined

  /** From now on they are known, and stay so. Asked once more where nobody answered, when somebody does. */
  want(): void {
    if (this.asked || studio.link.state !== 'live') return
    this.asked = true
    void this.load()
    if (this.hearing) return
    this.hearing = true
    studio.onFact((fact) => {
      if (CALLED_ANEW.has(fact.type)) this.timer ??= setTimeout(() => void this.load(), AGAIN_MS)
    })
  }

  /** A fact as a sentence, with the conversation's title in it. */
  sentence(fact: FactEntry): string {
    const words = { quoted: (title: string) => t('timeline.quoted', { title }), erased: t('timeline.erased') }
    return withTitle(sentence(fact), conversationOf(fact), this.known, words)
  }

  private async load(): Promise<void> {
    this.timer = undefined
    try {
      const { conversations } = await get<{ conversations: ConversationView[] }>('/api/conversations')
      this.known = new Map(conversations.map((one) => [one.conversation_id, one]))
    } catch (error) {
      // Not for whoever asks: ids are shown. What went wrong may go well the next time.
      this.asked = error instanceof Refusal && error.problem.status < 500
    }
  }
}

export const titles = new Titles()
