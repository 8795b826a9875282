import { describe, expect, it } from 'vitest'
import { follow, Silent, SseParser, type SseMessage } from './sse'

const TEXT = ': hello\n\nid: 7\nevent: fact\ndata: {"a":1}\n\ndata: one\ndata: two\n\n: ping\n\n'
const EXPECTED: SseMessage[] = [
  { id: '7', event: 'fact', data: '{"a":1}' },
  { id: '7', event: 'message', data: 'one\ntwo' },
]

describe('server-sent events', () => {
  it.each([1, 2, 3, 10, 1000])('are read whole from pieces of %i characters', (size) => {
    const parser = new SseParser()
    const out: SseMessage[] = []
    for (let i = 0; i < TEXT.length; i += size) out.push(...parser.push(TEXT.slice(i, i + size)))
    expect(out).toEqual(EXPECTED)
  })

  it.each([1, 2, 5])('may end their lines with CRLF, also across pieces of %i', (size) => {
    const text = TEXT.replaceAll('\n', '\r\n')
    const parser = new SseParser()
    const out: SseMessage[] = []
    for (let i = 0; i < text.length; i += size) out.push(...parser.push(text.slice(i, i + size)))
    expect(out).toEqual(EXPECTED)
  })

  it('keep characters whole that are split between chunks', async () => {
    const bytes = new TextEncoder().encode('data: grüße 🙂\n\n')
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    const out: SseMessage[] = []
    for await (const messages of follow(new Response(body), Infinity)) out.push(...messages)
    expect(out.map((m) => m.data)).toEqual(['grüße 🙂'])
  })

  it('are given up when the server falls silent', async () => {
    const body = new ReadableStream<Uint8Array>({ start: () => undefined })
    const reading = (async () => {
      for await (const messages of follow(new Response(body), 5)) void messages
    })()
    await expect(reading).rejects.toBeInstanceOf(Silent)
  })
})
