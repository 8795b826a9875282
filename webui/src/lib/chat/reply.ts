// Follows a reply on the server into a message, over as many connections as it takes.
import { api, Refusal, request } from '../api/client'
import { follow } from '../api/sse'
import type { ReplyEvent } from '../api/types'
import type { Message } from './message.svelte'

const SILENCE_MS = 40_000
const WAITS_MS = [500, 1000, 2000, 4000, 8000]

/** Returns when the reply has ended, or nobody wants to know any more. */
export async function followReply(
  conversation: string,
  message: Message,
  after: number,
  signal: AbortSignal,
): Promise<void> {
  let seen = after
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const path = `/api/conversations/${encodeURIComponent(conversation)}/replies/${encodeURIComponent(message.id)}`
      const response = await request(path, {
        headers: { accept: 'text/event-stream', 'last-event-id': String(seen) },
        signal,
      })
      for await (const events of follow(response, SILENCE_MS)) {
        attempt = 0
        for (const { id, data } of events) {
          seen = Number(id ?? seen)
          if (heard(message, JSON.parse(data) as ReplyEvent)) return
        }
      }
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof Refusal && error.problem.status === 404) return ended(conversation, message)
    }
    await pause(WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)] ?? 8000, signal)
  }
}

/** Whether it was the last event. */
function heard(message: Message, event: ReplyEvent): boolean {
  if (event.kind === 'grew') {
    message.grow(event.text, event.reasoning, event.tokens)
    return false
  }
  if (event.message) message.take(event.message)
  else {
    message.state = event.outcome === 'stopped' ? 'stopped' : 'failed'
    message.failure = { text: event.problem, next: '' }
  }
  return true
}

/** It ended while nobody listened: what was recorded of it. */
async function ended(conversation: string, message: Message): Promise<void> {
  try {
    const read = await api.conversation(conversation)
    const view = read.messages.find((one) => one.message_id === message.id)
    if (view) return message.take(view)
  } catch {
    // It was erased, or nobody answers: it did not go on either way.
  }
  message.state = 'failed'
  message.failure = { text: '', next: '' }
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
