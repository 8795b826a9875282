import { expect, it } from 'vitest'
import type { Room } from '../api/types'
import { barOf, guess, withNext } from './room'

const room = (more: Partial<Room> = {}): Room => ({
  model: 'qwen',
  context: 100,
  context_told: true,
  how: 'counted',
  parts: [
    { kind: 'answers', tokens: 20, items: 2 },
    { kind: 'system', tokens: 10, items: 1 },
  ],
  used: 30,
  answer: 20,
  free: 50,
  over: 0,
  help: [],
  ...more,
})

it('stands in the order in which it is sent, and is as long as the context', () => {
  const { stretches, limit } = barOf(room())
  expect(stretches.map(({ kind, share }) => [kind, share])).toEqual([
    ['system', 0.1],
    ['answers', 0.2],
    ['answer', 0.2],
    ['free', 0.5],
  ])
  expect(limit).toBeNull()
})

it('is longer than the context where too much is asked', () => {
  const { stretches, limit } = barOf(room({ answer: 170, free: 0, over: 100 }))
  expect(limit).toBe(0.5)
  expect(stretches.reduce((sum, { share }) => sum + share, 0)).toBe(1)
})

it('is what is used where nobody knows the context', () => {
  const { stretches, limit } = barOf(room({ context: null, answer: 0, free: null }))
  expect(stretches.map(({ share }) => share)).toEqual([1 / 3, 2 / 3])
  expect(limit).toBeNull()
})

const NO_FILES = { tokens: 0, items: 0 }

it('takes in what is being written, as it was counted or by a guess', () => {
  expect([guess(''), guess('abcd'), guess('苍鹭')]).toEqual([0, 2, 2])
  const longer = withNext(room(), 'x'.repeat(380), NO_FILES)
  expect([longer.used, longer.free, longer.over]).toEqual([130, 0, 50])
  expect(withNext(longer, '', NO_FILES)).toMatchObject({ used: 30, free: 50, over: 0 })
  expect(withNext(longer, 'x', NO_FILES)).toBe(longer)
  expect(withNext(room({ context: null, free: null }), 'abcd', NO_FILES)).toMatchObject({ used: 32, free: null, over: 0 })
})

it('takes in files that go with it, beside those that were sent', () => {
  const sent = room({ parts: [{ kind: 'attachments', tokens: 10, items: 1 }], used: 10, free: 70 })
  const more = withNext(sent, '', { tokens: 15, items: 2 })
  expect(more.parts).toEqual([{ kind: 'attachments', tokens: 25, items: 3 }])
  expect([more.used, more.free, more.over]).toEqual([25, 55, 0])
})
