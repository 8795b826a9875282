// Conversations that an earlier version kept in this browser: they move to the studio, once.
import { api } from '../api/client'
import { past } from '../past/past.svelte'

const NAME = 'studio.chats'

interface FormerMessage {
  role: string
  text: string
  reasoning?: string
  model?: string
  state?: string
}
interface FormerConversation {
  messages: FormerMessage[]
}

/** What stood in the browser as a file that the studio imports; empty: there is nothing to move. */
export function asFile(stored: string | null): string {
  let found: FormerConversation[]
  try {
    found = JSON.parse(stored ?? '[]') as FormerConversation[]
  } catch {
    return ''
  }
  const conversations = found
    .filter(({ messages }) => messages.length > 0)
    .map(({ messages }) => ({
      format: 'vllm-studio-conversation',
      version: 1,
      title: messages[0]?.text.trim().split('\n')[0]?.slice(0, 80) || null,
      messages: messages.map(({ role, text, reasoning, model, state }, place) => ({
        role,
        text,
        parent: place > 0 ? place - 1 : null,
        model: model || null,
        said: { reasoning: reasoning ?? '' },
        outcome: state === 'done' || role === 'user' ? 'whole' : 'cut',
      })),
    }))
  return conversations.length > 0 ? JSON.stringify(conversations) : ''
}

/** Where it can not be done now it stays where it is, and is tried again the next time. */
export async function takeOver(): Promise<void> {
  if (past.on) return
  try {
    const file = asFile(localStorage.getItem(NAME))
    if (file) await api.importConversations(file)
    localStorage.removeItem(NAME)
  } catch {
    // Refused, unreachable, or without storage: nothing is lost by it.
  }
}
