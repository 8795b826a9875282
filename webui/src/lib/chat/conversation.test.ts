import { expect, test } from 'vitest'
import type { ConversationRead, MessageView } from '../api/types'
import { Conversation } from './conversation.svelte'
import { Message, UNSENT } from './message.svelte'

const view = (id: string, parent: string | null): MessageView =>
  ({ message_id: id, parent_id: parent, role: 'user', text: id, outcome: 'whole', added_at: 0 }) as MessageView
const read = (...messages: MessageView[]): ConversationRead =>
  ({ conversation: { model: null, standing: 'open' }, messages, chosen: null }) as unknown as ConversationRead

function asking(): [Conversation, Message] {
  const conversation = new Conversation()
  conversation.take(read(view('a', null)), [])
  const question = new Message('user', `${UNSENT}1`, 'a')
  conversation.add(question)
  return [conversation, question]
}

test('a question on its way is still there after the conversation was read again', () => {
  const [conversation, question] = asking()
  conversation.take(read(view('a', null), view('other', 'a')), [])
  expect(conversation.branch.at(-1)).toBe(question)
})

test('a question that was read before its answer came is there once', () => {
  const [conversation, question] = asking()
  conversation.take(read(view('a', null), view('b', 'a')), [])
  question.id = 'b'
  conversation.keep(question)
  expect(conversation.messages.map(({ id }) => id)).toEqual(['a', 'b'])
  expect(conversation.branch).toEqual([conversation.messages[0], question])
})

test('an answer that ended while an older reading was on its way is still there', () => {
  const [conversation] = asking()
  conversation.take(read(view('a', null), view('b', 'a')), [])
  conversation.leaf = 'b'
  conversation.take(read(view('a', null)), [])
  expect(conversation.branch.map(({ id }) => id)).toEqual(['a', 'b'])
})
