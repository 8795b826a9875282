// What is wanted of the chat page from elsewhere: the quick switch, or a button of an answer.
import type { PresetView } from '../api/types'
import type { Message } from './message.svelte'

class ChatWish {
  open = $state<'inspector' | 'presets' | 'compare' | null>(null)
  /** A new conversation that asks like this. */
  preset = $state.raw<PresetView | null>(null)
  /** This answer is to be compared with other models'. */
  answer = $state.raw<Message | null>(null)
}

export const chatWish = new ChatWish()
