// @vitest-environment jsdom
// What waits for an answer, over a studio that answers when a test says so: it goes where it was meant, or stands
// in the box again.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Attachment, FactEntry } from '../api/types'
import { studio } from '../store/studio.svelte'
import { chats } from './chats.svelte'
import type { Conversation } from './conversation.svelte'
import type { Message } from './message.svelte'
import { enqueue } from './queue'
import { Held, trayOf } from './tray.svelte'
import { unsent } from './unsent'

const view = (id: string, parent: string | null, role: string) => ({ message_id: id, parent_id: parent, role, text: id, outcome: 'whole', added_at: 0 })

/** Conversations of one question and its answer. */
class FakeStudio {
  gone = false
  said: { text: string; after: string }[] = []
  private running = new Map<string, { view: Record<string, unknown>; stream: ReadableStreamDefaultController<Uint8Array> | null }>()

  answer = async (path: string, init: RequestInit = {}): Promise<Response> => {
    if (this.gone) throw new TypeError('gone')
    const [, of = '', part = '', reply = ''] = /^\/api\/conversations\/?([^/?]*)\/?([^/?]*)\/?([^/?]*)/.exec(path) ?? []
    const asked = (typeof init.body === 'string' ? JSON.parse(init.body) : {}) as Record<string, string>
    const post = init.method === 'POST'
    if (of === '') return Response.json({ conversations: [] })
    if (of === 'unsent') return Response.json({ unsent: {} })
    if (part === 'messages') {
      this.said.push({ text: asked['text']!, after: asked['after']! })
      return Response.json(view(`${of}-said-${this.said.length}`, asked['after']!, 'user'))
    }
    if (part === 'replies' && post) return Response.json(this.begin(of, asked))
    if (part === 'replies' && reply) return new Response(this.streamOf(reply))
    if (part === 'replies') return Response.json({ replies: [...this.running.values()].map((one) => one.view) })
    if (init.method === 'PATCH') return Response.json({})
    const messages = [view(`${of}-q`, null, 'user'), view(`${of}-a`, `${of}-q`, 'assistant')]
    const conversation = { conversation_id: of, title: of, model: 'm', standing: 'open' }
    return Response.json({ conversation, messages, chosen: `${of}-a`, setup: { model: 'm' } })
  }

  private begin(of: string, { to, model }: Record<string, string>) {
    const id = `${of}-r${this.running.size + 1}`
    const begun = { reply_id: id, message_id: `${id}-m`, parent_id: to, model, text: '', reasoning: '', since: 0, events: 0, calls: [] }
    this.running.set(id, { view: begun, stream: null })
    return begun
  }

  private streamOf(reply: string): ReadableStream<Uint8Array> {
    return new ReadableStream({ start: (stream) => void (this.running.get(reply)!.stream = stream) })
  }

  /** It has come whole. */
  async end(reply: string): Promise<void> {
    await settled()
    const one = this.running.get(reply)!
    this.running.delete(reply)
    const { message_id, parent_id } = one.view as { message_id: string; parent_id: string }
    const event = { kind: 'ended', outcome: 'whole', problem: '', message: view(message_id, parent_id, 'assistant') }
    one.stream!.enqueue(new TextEncoder().encode(`id: 1\ndata: ${JSON.stringify(event)}\n\n`))
    await settled()
  }
}

/** Whatever was answered has been heard. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

let fake: FakeStudio
let number = 0

beforeEach(() => {
  fake = new FakeStudio()
  vi.stubGlobal('fetch', fake.answer)
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** A conversation that is shown, and its answer. */
async function shown(): Promise<{ id: string; conversation: Conversation; answer: Message }> {
  const id = `c${(number += 1)}`
  await chats.show(id)
  return { id, conversation: chats.current, answer: chats.current.branch.at(-1)! }
}

function file(conversation: Conversation): Held {
  const held = new Held('notes.txt', 1)
  held.attachment = { id: 'f1', name: 'notes.txt' } as Attachment
  held.way = 'there'
  trayOf(conversation).held = [held]
  return held
}

/** Sent while an answer comes, with what stands in the tray. */
function queue(conversation: Conversation, text: string): void {
  const { files } = trayOf(conversation)
  enqueue(conversation, text, files, trayOf(conversation).take())
  unsent.keep(conversation.id, text)
}

it('what waits follows the answer that it waits for', async () => {
  const { id, conversation, answer } = await shown()
  await chats.regenerate(answer)
  queue(conversation, 'and then?')
  await fake.end(`${id}-r1`)
  expect(fake.said).toEqual([{ text: 'and then?', after: `${id}-r1-m` }])
  expect([conversation.queued, conversation.draft]).toEqual([[], ''])
})

it('what waits for an answer from which somebody has turned away is given back', async () => {
  const { id, conversation, answer } = await shown()
  await chats.regenerate(answer)
  queue(conversation, 'and then?')
  await chats.turn(conversation.branch.at(-1)!, -1)
  expect(conversation.branch.at(-1)).toBe(answer)
  await fake.end(`${id}-r1`)
  expect(fake.said).toEqual([])
  expect([conversation.queued, conversation.draft]).toEqual([[], 'and then?'])
})

it('what waits for answers side by side is given back: nobody has chosen', async () => {
  const { id, conversation, answer } = await shown()
  await chats.compare(answer, ['m', 'n'])
  queue(conversation, 'and then?')
  await fake.end(`${id}-r1`)
  expect(conversation.queued).toHaveLength(1)
  await fake.end(`${id}-r2`)
  expect(fake.said).toEqual([])
  expect([conversation.queued, conversation.draft]).toEqual([[], 'and then?'])
})

it('a conversation stays the same when it could not be read again', async () => {
  let tell: (fact: FactEntry) => void = () => {}
  vi.spyOn(studio, 'onFact').mockImplementation((listener) => {
    tell = listener
    return () => {}
  })
  chats.watch()
  const { id, conversation, answer } = await shown()
  await chats.regenerate(answer)
  queue(conversation, 'and then?')
  await settled()
  fake.gone = true
  tell({ type: 'message-added', data: { conversation_id: id, message_id: 'elsewhere' } } as unknown as FactEntry)
  await settled()
  fake.gone = false
  chats.begin()
  await chats.show(id)
  expect(chats.current).toBe(conversation)
  expect([conversation.unread, conversation.draft]).toEqual([false, ''])
  await fake.end(`${id}-r1`)
  expect(fake.said).toEqual([{ text: 'and then?', after: `${id}-r1-m` }])
})

it('a look at the past gives back what waits, with its files, also of a conversation in the background', async () => {
  const behind = await shown()
  await chats.regenerate(behind.answer)
  const theirs = file(behind.conversation)
  queue(behind.conversation, 'behind')
  const { id, conversation, answer } = await shown()
  await chats.regenerate(answer)
  const mine = file(conversation)
  queue(conversation, 'in front')
  await settled()
  chats.forget()
  await settled()
  expect(chats.current).not.toBe(conversation)
  expect([chats.current.id, chats.current.draft, chats.current.queued]).toEqual([id, 'in front', []])
  expect(trayOf(chats.current).held).toEqual([mine])
  await chats.show(behind.id)
  expect(chats.current).not.toBe(behind.conversation)
  expect([chats.current.draft, chats.current.queued]).toEqual(['behind', []])
  expect(trayOf(chats.current).held).toEqual([theirs])
})
