// Server-sent events over fetch, because EventSource can send no headers and we say who is asking.
//
//   bytes → SseParser (lines → messages) → follow() (one connection, until it ends or falls silent)
//   Reconnecting is the caller's business: it knows what to fetch first.

export interface SseMessage {
  id: string | null
  event: string
  data: string
}

/** Text in pieces of any size in, whole messages out. */
export class SseParser {
  private rest = ''
  private id: string | null = null
  private event = ''
  private data: string[] = []

  push(text: string): SseMessage[] {
    const out: SseMessage[] = []
    // A "\r" at the very end may be half of "\r\n": it waits for the next piece.
    const whole = this.rest + text
    const lines = whole.split(/\r\n|\n|\r(?!$)/)
    this.rest = lines.pop() ?? ''
    for (const line of lines) {
      const message = this.line(line)
      if (message) out.push(message)
    }
    return out
  }

  private line(line: string): SseMessage | null {
    if (line === '') return this.dispatch()
    if (line.startsWith(':')) return null
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') this.data.push(value)
    else if (field === 'event') this.event = value
    else if (field === 'id') this.id = value
    return null
  }

  private dispatch(): SseMessage | null {
    const message =
      this.data.length > 0
        ? { id: this.id, event: this.event || 'message', data: this.data.join('\n') }
        : null
    this.event = ''
    this.data = []
    return message
  }
}

/** Raised when the server sends nothing, not even a comment, for too long. */
export class Silent extends Error {}

/**
 * Messages of one response, until it ends.
 *
 * `silenceMs` is the longest quiet that is believed: the studio sends a comment every 15 s.
 */
export async function* follow(
  response: Response,
  silenceMs: number,
): AsyncGenerator<SseMessage[], void, void> {
  if (!response.body) return
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  const parser = new SseParser()
  try {
    for (;;) {
      const chunk = await within(reader.read(), silenceMs)
      if (chunk.done) return
      const messages = parser.push(decoder.decode(chunk.value, { stream: true }))
      if (messages.length > 0) yield messages
    }
  } finally {
    // Cancelling tells the server; a stream that has already ended does not mind.
    reader.cancel().catch(() => undefined)
  }
}

function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  if (!Number.isFinite(ms)) return promise
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Silent('nothing was heard')), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
