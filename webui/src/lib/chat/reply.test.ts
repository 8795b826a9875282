import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { CallRow, MessageView, ReplyEvent, ReplyView } from '../api/types'
import { Conversation } from './conversation.svelte'
import { Message } from './message.svelte'
import { followReply, heard } from './reply'
import { callsOf, live, readable } from './toolcalls.svelte'

const view = (id: string, parent: string | null, role: string, more: Partial<MessageView> = {}): MessageView =>
  ({ message_id: id, parent_id: parent, role, text: id, outcome: 'whole', added_at: 0, said: {}, ...more }) as MessageView
const row = (state: CallRow['state']): CallRow =>
  ({ call_id: 'c', name: 's__t', server: 's', tool: 't', arguments: '{}', state, since: 7 }) as CallRow
const grew = (text: string): ReplyEvent => ({ kind: 'grew', text, reasoning: '', tokens: 1 })
const calling = view('r', 'q', 'assistant', { said: { tool_calls: [{ id: 'c', name: 's__t', arguments: '{"a": 1}' }] } })
const result = (more: Partial<MessageView> = {}): MessageView =>
  view('t', 'r', 'tool', { said: { answers: 'c', tool: { server: 's', tool: 't', outcome: 'done' } }, ...more })

function under(): Conversation {
  const conversation = new Conversation()
  conversation.id = 'k'
  conversation.messages = [Message.of(view('q', null, 'user'))]
  const reply = { reply_id: 'r', message_id: 'r', parent_id: 'q', model: 'm', text: '', reasoning: '', calls: [] }
  conversation.add(Message.from(reply as unknown as ReplyView, false))
  return conversation
}
const ids = (conversation: Conversation): string => conversation.branch.map(({ id }) => id).join(' ')
const tell = (conversation: Conversation, ...events: ReplyEvent[]): boolean[] =>
  events.map((event) => heard(conversation, 'r', event))

describe('a reply that calls tools', () => {
  beforeEach(() => live.clear())

  it.each(['n', 'other'])('that a crash ended shows what was recorded of its calls (%s)', async (cut) => {
    const conversation = under()
    tell(conversation, grew('Look:'), { kind: 'added', message: calling, message_id: 'n' })
    tell(conversation, { kind: 'called', call: row('running') })
    const cancelled = result({ said: { answers: 'c', tool: { server: 's', tool: 't', outcome: 'cancelled' } as never } })
    const messages = [view('q', null, 'user'), calling, cancelled, view(cut, 't', 'assistant', { text: '', outcome: 'cut' })]
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (asked) =>
      String(asked).includes('/replies/')
        ? Response.json({ detail: 'gone' }, { status: 404 })
        : Response.json({ conversation: { conversation_id: 'k', standing: 'open' }, messages, replies: [], chosen: cut }),
    )
    await followReply(conversation, 'r', 0, new AbortController().signal)
    vi.restoreAllMocks()
    expect(ids(conversation)).toBe(`q r t ${cut}`)
    expect(callsOf(conversation.branch[1]!, conversation.branch)).toMatchObject([{ state: 'cancelled', since: null }])
    expect(conversation.busy).toBe(false)
  })

  it('becomes a chain of messages, and what grows is the last of it', () => {
    const conversation = under()
    tell(conversation, grew('Look:'), { kind: 'added', message: calling, message_id: 'n' })
    expect(ids(conversation)).toBe('q r n')
    tell(conversation, { kind: 'called', call: row('asking') })
    const calls = callsOf(conversation.branch[1]!, conversation.branch)
    expect(calls).toMatchObject([{ name: 's › t', state: 'asking', since: 7, result: null }])
    const map = { id: 'f', name: 't-1.png', kind: 'image' } as never
    const brought = { answers: 'c', tool: { server: 's', tool: 't' } as never, attachments: [map] }
    tell(conversation, { kind: 'added', message: result({ said: brought }), message_id: 'n' })
    expect(ids(conversation)).toBe('q r t n')
    const brings = callsOf(conversation.branch[1]!, conversation.branch)
    expect(brings).toMatchObject([{ state: 'done', result: 't', files: [{ name: 't-1.png' }] }])
    expect(live.size).toBe(0)
    const over = tell(conversation, grew('It'), { kind: 'ended', message: view('n', 't', 'assistant'), outcome: 'whole', problem: '' })
    expect(over).toEqual([false, true])
    expect(ids(conversation)).toBe('q r t n')
    expect(conversation.busy).toBe(false)
  })

  it('ends with its last result where it was stopped while tools were called', () => {
    const conversation = under()
    tell(conversation, { kind: 'added', message: calling, message_id: 'n' })
    const stopped = result({ outcome: 'stopped' })
    tell(conversation, { kind: 'ended', message: stopped, outcome: 'stopped', problem: '' })
    expect(ids(conversation)).toBe('q r t')
    expect(conversation.branch.at(-1)?.state).toBe('stopped')
    expect(conversation.busy).toBe(false)
  })

  it('leaves what is shown where the reader looks at another answer', () => {
    const conversation = under()
    conversation.messages = [...conversation.messages, Message.of(view('other', 'q', 'assistant'))]
    conversation.leaf = 'other'
    tell(conversation, { kind: 'added', message: calling, message_id: 'n' }, grew('x'))
    expect(ids(conversation)).toBe('q other')
  })

  it('is told once, however often it was read meanwhile', () => {
    const conversation = under()
    conversation.messages = [...conversation.messages, Message.of(result())]
    tell(conversation, { kind: 'added', message: calling, message_id: 'n' }, { kind: 'added', message: result(), message_id: 'n' })
    expect(ids(conversation)).toBe('q r t n')
  })
})

describe('arguments of a call', () => {
  it.each([
    ['{"a": 1, "b": "x"}', 'a: 1, b: "x"', '{\n  "a": 1,\n  "b": "x"\n}'],
    ['', '', '{}'],
    ['{"a":\n 1', '{"a": 1', '{"a":\n 1'],
    ['[1]', '0: 1', '[\n  1\n]'],
  ])('%j can be read', (text, line, full) => {
    expect(readable(text)).toEqual({ line, full })
  })
})
