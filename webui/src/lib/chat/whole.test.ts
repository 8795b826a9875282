import { afterEach, expect, test, vi } from 'vitest'
import type { ConversationRead, MessageView } from '../api/types'
import { Conversation } from './conversation.svelte'
import { Message, UNSENT } from './message.svelte'
import { between, bringRest, NEWEST, wholeOf } from './whole'

const view = (id: string, parent: string | null): MessageView =>
  ({ message_id: id, parent_id: parent, role: 'user', text: id, outcome: 'whole', added_at: 0 }) as MessageView
const read = (messages: MessageView[], more: Partial<ConversationRead>): ConversationRead =>
  ({ conversation: { model: null, standing: 'open' }, messages, chosen: 'd', ...more }) as unknown as ConversationRead

//  a ─┬─ b ── c ─┬─ d
//     └─ b'      └─ d'
const end = (): ConversationRead => read([view('c', 'b'), view('d', 'c'), view("d'", 'c')], { earlier: 3 })
const rest = (): ConversationRead =>
  read([view('a', null), view('b', 'a'), view("b'", 'a'), view("d'", 'c')], { places: [3, 4] })
const ids = (some: readonly { id: string }[]): string => some.map(({ id }) => id).join(' ')

function opened(): Conversation {
  const conversation = new Conversation()
  conversation.id = 'one'
  conversation.take(end(), [])
  return conversation
}

function answering(...answers: (ConversationRead | Error | number)[]): string[] {
  const asked: string[] = []
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url)
    const answer = answers.shift()!
    if (answer instanceof Error) return Promise.reject(answer)
    if (typeof answer === 'number') return Promise.resolve(Response.json({ detail: 'no', code: 'no' }, { status: answer }))
    return Promise.resolve(Response.json(answer))
  })
  return asked
}

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

test('the rest is put where it belongs, and what is drawn stays the same object', async () => {
  const conversation = opened()
  const drawn = conversation.branch
  expect([ids(drawn), conversation.earlier]).toEqual(['c d', 3])
  const asked = answering(rest())
  await bringRest(conversation, end())
  expect(asked).toEqual([`/api/conversations/one?newest=${NEWEST}&but=d`])
  expect([ids(conversation.messages), conversation.earlier]).toEqual(["a b b' c d d'", 0])
  expect(conversation.branch.slice(-2)).toEqual(drawn)
  expect(ids(conversation.branch)).toBe('a b c d')
  expect(conversation.placeOf(conversation.branch[1]!)).toEqual([1, 2])
})

test('what was said meanwhile is kept, also what is not at the server yet', async () => {
  const conversation = opened()
  answering(rest())
  const coming = bringRest(conversation, end())
  conversation.add(Message.of(view('e', 'd')))
  conversation.add(new Message('user', `${UNSENT}1`, 'e'))
  await coming
  expect(ids(conversation.messages)).toBe(`a b b' c d d' e ${UNSENT}1`)
  expect(ids(conversation.branch)).toBe(`a b c d e ${UNSENT}1`)
})

test('what the studio read of them already is there once', async () => {
  const conversation = opened()
  conversation.add(Message.of(view('e', 'd')))
  const told = rest()
  answering({ ...told, messages: [...told.messages, view('e', 'd')] })
  await bringRest(conversation, end())
  expect(ids(conversation.messages)).toBe("a b b' c d d' e")
})

test('all of it is asked for once, and again only where that failed', async () => {
  const conversation = opened()
  const asked = answering(404, rest())
  await expect(Promise.all([bringRest(conversation, end()), wholeOf(conversation)])).rejects.toThrow()
  expect([asked.length, conversation.earlier]).toEqual([1, 3])
  await Promise.all([wholeOf(conversation), wholeOf(conversation)])
  await wholeOf(conversation)
  expect([asked.length, conversation.earlier]).toEqual([2, 0])
})

test('a studio that is away for a moment is asked again', async () => {
  vi.useFakeTimers()
  const conversation = opened()
  const asked = answering(new TypeError('away'), new TypeError('away'), rest())
  const done = bringRest(conversation, end())
  await vi.runAllTimersAsync()
  await done
  expect([asked.length, ids(conversation.branch)]).toEqual([3, 'a b c d'])
})

test('a rest that does not fit the end is not trusted: all of it is read', async () => {
  const conversation = opened()
  const all = ['a', 'b', 'c', 'd'].map((id, n, ids_) => view(id, ids_[n - 1] ?? null))
  const asked = answering(read(all, { places: [] }), read(all, {}))
  await bringRest(conversation, end())
  expect(asked[1]).toBe('/api/conversations/one')
  expect(ids(conversation.branch)).toBe('a b c d')
})

test('when all of it was read meanwhile, the rest changes nothing', async () => {
  const conversation = opened()
  answering(rest())
  const coming = bringRest(conversation, end())
  const all = [['a', null], ['b', 'a'], ["b'", 'a'], ['c', 'b'], ['d', 'c'], ["d'", 'c'], ['z', 'd']] as const
  conversation.take(read(all.map(([id, parent]) => view(id, parent)), {}), [])
  const before = conversation.messages
  await coming
  expect(conversation.messages).toBe(before)
  expect(ids(before)).toBe("a b b' c d d' z")
})

test('places count from the beginning of the whole', () => {
  const some = (text: string): { id: string }[] => [...text].map((id) => ({ id }))
  expect(ids(between(some('ce'), some('abd'), ['c', 'e'], [2, 4]))).toBe('a b c d e')
  expect(ids(between(some('a'), [], ['a'], [0]))).toBe('a')
  expect(ids(between(some('a'), some('b'), ['lost'], [0]))).toBe('b')
})
