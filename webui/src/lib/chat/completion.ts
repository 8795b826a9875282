// One streamed chat completion, as the OpenAI interface gives it.
import { Refusal, request } from '../api/client'
import { follow } from '../api/sse'

export interface Turn {
  role: 'user' | 'assistant' | 'system'
  content: string
}

export interface Piece {
  text: string
  reasoning: string
  finish: string
  completionTokens: number | null
}

interface Chunk {
  choices?: {
    delta?: { content?: string | null; reasoning_content?: string | null; reasoning?: string | null }
    finish_reason?: string | null
  }[]
  usage?: { completion_tokens?: number } | null
  error?: { message?: string; code?: string | number }
}

/** Yields pieces until the stream ends. Raises Refusal, Unreachable, or AbortError when `signal` is used. */
export async function* complete(
  model: string,
  turns: readonly Turn[],
  signal: AbortSignal,
  opened: (headers: Headers) => void,
): AsyncGenerator<Piece, void, void> {
  const response = await request('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({
      model,
      messages: turns,
      stream: true,
      stream_options: { include_usage: true },
    }),
    signal,
  })
  opened(response.headers)
  for await (const messages of follow(response, Infinity)) {
    for (const { data } of messages) {
      if (data === '[DONE]') return
      yield pieceOf(JSON.parse(data) as Chunk)
    }
  }
}

function pieceOf(chunk: Chunk): Piece {
  if (chunk.error) {
    throw new Refusal({
      title: 'error',
      status: 502,
      detail: chunk.error.message ?? '',
      code: String(chunk.error.code ?? 'stream'),
    })
  }
  const choice = chunk.choices?.[0]
  return {
    text: choice?.delta?.content ?? '',
    reasoning: choice?.delta?.reasoning_content ?? choice?.delta?.reasoning ?? '',
    finish: choice?.finish_reason ?? '',
    completionTokens: chunk.usage?.completion_tokens ?? null,
  }
}
