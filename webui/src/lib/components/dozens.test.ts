import { expect, test } from 'vitest'
import { inDozens } from './dozens'

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n)

test('pieces stay when others come before them and after them', () => {
  const before = inDozens(numbers(100, 110), 100, 4)
  expect(before).toEqual([[100, 101, 102, 103], [104, 105, 106, 107], [108, 109]])
  const after = inDozens(numbers(94, 112), 100, 4)
  expect(after).toEqual([[94, 95], [96, 97, 98, 99], ...before.slice(0, 2), [108, 109, 110, 111]])
})

test('each item is there once, wherever the anchor is, or is not', () => {
  for (const anchor of [undefined, 0, 3, 4, 9, 77]) {
    const dozens = inDozens(numbers(0, 10), anchor, 4)
    expect(dozens.flat()).toEqual(numbers(0, 10))
    expect(dozens.every((dozen) => dozen.length > 0 && dozen.length <= 4)).toBe(true)
  }
  expect(inDozens([], 3, 4)).toEqual([])
})
