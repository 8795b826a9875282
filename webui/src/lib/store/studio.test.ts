// @vitest-environment jsdom
// The store over a connection that breaks: at every letter of what is sent, while facts go on being recorded.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { FactEntry } from '../api/types'
import { Studio } from './studio.svelte'


/** A studio whose connections end after so many letters. */
class Server {
  facts = 0
  asked: string[] = []
  streams = 0
  /** Letters until the next connection ends; null: it stays open. */
  cut: number | null = null
  private open: ReadableStreamDefaultController<Uint8Array> | null = null

  readonly fetch = async (path: string, init: RequestInit = {}): Promise<Response> => {
    this.asked.push(path.replace(/\?.*/, ''))
    if (path === '/api/status') {
      const position = this.facts
      this.facts += 1 // one is recorded between the picture and the stream
      return Response.json({ position, recipes: [], engines: [], switches: [], active: null })
    }
    if (path.startsWith('/api/events')) {
      return this.stream(Number((init.headers as Record<string, string>)['last-event-id']))
    }
    return Response.json(path === '/api/gpus' ? { gpus: [] } : { runtimes: [] })
  }

  /** Tells one more to whoever listens. */
  record(): void {
    this.facts += 1
    this.open?.enqueue(new TextEncoder().encode(told(this.facts)))
  }

  private stream(after: number): Response {
    this.streams += 1
    const text = Array.from({ length: this.facts - after }, (_, i) => told(after + 1 + i)).join('')
    return new Response(
      new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(new TextEncoder().encode(text.slice(0, this.cut ?? undefined)))
          if (this.cut === null) this.open = controller
          else controller.close()
        },
      }),
    )
  }
}

const told = (position: number): string =>
  `event: fact\nid: ${position}\ndata: ${JSON.stringify({ position, type: 'app-started', data: {} })}\n\n`

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1)

describe('the store', () => {
  let server: Server
  let studio: Studio
  let heard: number[]

  beforeEach(() => {
    server = new Server()
    vi.stubGlobal('fetch', server.fetch)
    studio = new Studio()
    heard = []
    studio.onFact((fact: FactEntry) => heard.push(fact.position))
  })
  afterEach(() => vi.unstubAllGlobals())

  it('misses nothing and takes nothing twice, wherever a connection breaks', async () => {
    const letters = 2 * told(1).length
    server.cut = 0
    void studio.run()
    for (let cut = 1; cut <= letters; cut += 1) {
      await vi.waitFor(() => expect(studio.link.state).toBe('lost'), { interval: 1, timeout: 5000 })
      server.cut = cut < letters ? cut : null
      const before = server.streams
      studio.retryNow()
      await vi.waitFor(() => expect(server.streams).toBe(before + 1), { interval: 1, timeout: 5000 })
    }
    await vi.waitFor(() => expect(heard.at(-1)).toBe(server.facts), { timeout: 5000 })
    expect(heard).toEqual(upTo(server.facts))
    expect(studio.live.position).toBe(server.facts)
  }, 60_000)

  it('asks for nothing while it is told everything', async () => {
    void studio.run()
    await vi.waitFor(() => expect(heard).toEqual([1]))
    await vi.waitFor(() => expect(server.asked).toContain('/api/runtimes'))
    const asked = [...server.asked]
    for (let n = 2; n <= 50; n += 1) {
      server.record()
      await vi.waitFor(() => expect(heard.at(-1)).toBe(n), { interval: 1 })
    }
    expect(server.asked).toEqual(asked)
    expect(heard).toEqual(upTo(50))
  })
})

describe('a wish', () => {
  let studio: Studio
  const recipe = { id: 'a', pinned: false }
  const status = (position: number): never => ({ position, recipes: [recipe], switches: [] }) as never

  beforeEach(() => {
    studio = new Studio()
    studio.take({ kind: 'snapshot', status: status(1) })
  })

  it('is shown at once and stands until the studio tells, once it has heard of it', () => {
    const wish = studio.wish('a', { action: 'pin', patch: { pinned: true } })
    expect(studio.recipe('a')?.pinned).toBe(true)
    studio.take({ kind: 'status', status: status(2) }) // of something else, before it was heard
    expect(studio.recipe('a')?.pinned).toBe(true)
    wish.sent()
    studio.take({ kind: 'status', status: status(3) })
    expect(studio.asked).toEqual({})
    expect(studio.recipe('a')?.pinned).toBe(false)
  })

  it('is taken back when it is refused', () => {
    const wish = studio.wish('a', { action: 'sleep' })
    expect(studio.asked['a']?.action).toBe('sleep')
    wish.refused()
    expect(studio.asked).toEqual({})
  })
})
