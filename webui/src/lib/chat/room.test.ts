import { expect, it } from 'vitest'
import type { Room } from '../api/types'
import { barOf, guess, withDraft } from './room'

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

it('takes in what is being written', () => {
  expect([guess(''), guess('abcd'), guess('苍鹭')]).toEqual([0, 2, 2])
  const longer = withDraft(room(), 'x'.repeat(380))
  expect([longer.used, longer.free, longer.over]).toEqual([130, 0, 50])
  expect(withDraft(longer, '')).toMatchObject({ used: 30, free: 50, over: 0 })
  expect(withDraft(room({ context: null, free: null }), 'abcd')).toMatchObject({ used: 32, free: null, over: 0 })
})
