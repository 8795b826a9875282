// Follows a reply on the server into its conversation, over as many connections as it takes. It may
// become several messages: each that is recorded is one, and what grows is the next.
import { api, Refusal, request } from '../api/client'
import { follow } from '../api/sse'
import type { MessageView, ReplyEvent } from '../api/types'
import type { Conversation } from './conversation.svelte'
import { Message } from './message.svelte'
import { live } from './toolcalls.svelte'
import { newestUnder } from './tree'

const SILENCE_MS = 40_000
const WAITS_MS = [500, 1000, 2000, 4000, 8000]

/** Whether it came whole; returns when it has ended, or nobody wants to know any more. */
export async function followReply(
  conversation: Conversation,
  replyId: string,
  after: number,
  signal: AbortSignal,
): Promise<boolean> {
  let seen = after
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const path = `/api/conversations/${encodeURIComponent(conversation.id)}/replies/${encodeURIComponent(replyId)}`
      const response = await request(path, {
        headers: { accept: 'text/event-stream', 'last-event-id': String(seen) },
        signal,
      })
      for await (const events of follow(response, SILENCE_MS)) {
        attempt = 0
        for (const { id, data } of events) {
          seen = Number(id ?? seen)
          const event = JSON.parse(data) as ReplyEvent
          if (heard(conversation, replyId, event)) return event.kind === 'ended' && event.outcome === 'whole'
        }
      }
    } catch (error) {
      if (signal.aborted) return false
      if (error instanceof Refusal && error.problem.status === 404) {
        await gone(conversation, replyId)
        return false
      }
    }
    await pause(WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)] ?? 8000, signal)
  }
  return false
}

/** Whether it was the last event. */
export function heard(conversation: Conversation, replyId: string, event: ReplyEvent): boolean {
  const growing = growingOf(conversation, replyId)
  if (event.kind === 'grew') growing?.grow(event.text, event.reasoning, event.tokens)
  else if (event.kind === 'called') live.set(event.call.call_id, event.call)
  else if (event.kind === 'added') added(conversation, growing, event.message, event.message_id)
  else ended(conversation, growing, event)
  return event.kind === 'ended'
}

const growingOf = (conversation: Conversation, replyId: string): Message | undefined =>
  conversation.messages.findLast((message) => message.replyId === replyId && message.underWay)

/** A message of it is recorded. What grows next follows it, and is what is shown where its run was. */
function added(conversation: Conversation, growing: Message | undefined, view: MessageView, next: string): void {
  const shown = conversation.leaf === growing?.id || conversation.leaf === view.parent_id
  put(conversation, view)
  if (!growing) return
  if (growing.id === next) growing.parentId = view.message_id
  else if (!conversation.messages.some(({ id }) => id === next)) {
    conversation.messages = [...conversation.messages, Message.following(growing, next, view.message_id)]
  }
  if (shown) conversation.leaf = next
}

function ended(
  conversation: Conversation,
  growing: Message | undefined,
  { message: view, outcome, problem }: ReplyEvent & { kind: 'ended' },
): void {
  if (view) {
    put(conversation, view)
    if (!growing?.underWay) return
    growing.parentId = view.message_id // it was stopped while tools were called: nothing of it came
    conversation.remove(growing)
  } else if (growing) {
    growing.state = outcome === 'stopped' ? 'stopped' : 'failed'
    growing.failure = { text: problem, next: '' }
  }
}

function put(conversation: Conversation, view: MessageView): void {
  const known = conversation.messages.find(({ id }) => id === view.message_id)
  if (known) known.take(view)
  else conversation.messages = [...conversation.messages, Message.of(view)]
  if (view.said?.answers) live.delete(view.said.answers)
}

/** It ended while nobody listened: what was recorded of it. */
async function gone(conversation: Conversation, replyId: string): Promise<void> {
  const growing = growingOf(conversation, replyId)
  if (!growing) return
  growing.state = 'failed'
  growing.failure = { text: '', next: '' }
  try {
    const read = await api.conversation(conversation.id)
    const shown = conversation.leaf === growing.id
    if (!read.messages.some(({ message_id }) => message_id === growing.id)) conversation.remove(growing)
    conversation.take(read, [])
    // Its calls of tools may have been recorded under what was shown.
    if (shown && conversation.leaf) conversation.leaf = newestUnder(conversation.messages, conversation.leaf)
  } catch {
    // It was erased, or nobody answers: it did not go on either way.
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
