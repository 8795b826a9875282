import { expect, it, vi } from 'vitest'
import { Conversation } from './conversation.svelte'
import { dequeue, enqueue, takeBack, written } from './queue'

function waiting(...texts: string[]) {
  const conversation = new Conversation()
  const putBack = vi.fn()
  for (const text of texts) enqueue(conversation, text, [], putBack)
  return { conversation, putBack }
}

it('what waits is sent in its turn', () => {
  const { conversation } = waiting('one', 'two')
  expect(dequeue(conversation)?.text).toBe('one')
  expect(conversation.queued.map(({ text }) => text)).toEqual(['two'])
  expect(dequeue(conversation)?.text).toBe('two')
  expect(dequeue(conversation)).toBeUndefined()
})

it('what is taken back stands before what is being written, with its files', () => {
  const { conversation, putBack } = waiting('one', 'two', 'three')
  conversation.draft = 'now'
  takeBack(conversation, [conversation.queued[1]!])
  expect(conversation.draft).toBe('two\n\nnow')
  expect(putBack).toHaveBeenCalledOnce()
  takeBack(conversation)
  expect(conversation.draft).toBe('one\n\nthree\n\ntwo\n\nnow')
  expect(conversation.queued).toEqual([])
})

it('what waits is written and not sent: a window that closes leaves it to the next', () => {
  const { conversation } = waiting('one')
  expect(written(conversation)).toBe('one')
  conversation.draft = 'two '
  expect(written(conversation)).toBe('one\n\ntwo ')
  dequeue(conversation)
  expect(written(conversation)).toBe('two ')
})
