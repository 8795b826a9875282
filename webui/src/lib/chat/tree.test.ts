import { describe, expect, it } from 'vitest'
import { besideEachOther, branchTo, newestUnder, siblingsOf } from './tree'

//  q1 ─┬─ a1 ── q2 ── a2
//      └─ b1
//  q1' ── c1
const nodes = [
  ['q1', null],
  ['a1', 'q1'],
  ['q2', 'a1'],
  ['a2', 'q2'],
  ['b1', 'q1'],
  ["q1'", null],
  ['c1', "q1'"],
].map(([id, parentId]) => ({ id: id as string, parentId: parentId as string | null }))

const ids = (some: { id: string }[]): string => some.map(({ id }) => id).join(' ')

describe('a conversation that branches', () => {
  it.each([
    ['a2', 'q1 a1 q2 a2'],
    ['b1', 'q1 b1'],
    ["q1'", "q1'"],
    ['nowhere', ''],
    [null, ''],
  ])('leads to %s by %s', (leaf, way) => {
    expect(ids(branchTo(nodes, leaf))).toBe(way)
  })

  it.each([
    ['a1', 'a1 b1'],
    ['q1', "q1 q1'"],
    ['a2', 'a2'],
  ])('has beside %s: %s', (id, beside) => {
    expect(ids(siblingsOf(nodes, nodes.find((node) => node.id === id)!))).toBe(beside)
  })

  it.each([
    ['q1', 'b1'], // the newest answer, not the longest way
    ['a1', 'a2'],
    ["q1'", 'c1'],
    ['c1', 'c1'],
  ])('goes on from %s to %s', (id, end) => {
    expect(newestUnder(nodes, id)).toBe(end)
  })
})

describe('answers side by side', () => {
  const answer = (id: string, model: string, role = 'assistant') => ({ id, parentId: 'q', role, model })
  it('are the newest of each model', () => {
    const nodes = [answer('a', 'qwen'), answer('b', 'llama'), answer('c', 'qwen'), answer('x', '', 'user')]
    expect(ids(besideEachOther(nodes, 'q'))).toBe('b c')
  })
  it('are all of one model, where it answered again, and four at most', () => {
    const nodes = ['a', 'b', 'c', 'd', 'e'].map((id) => answer(id, 'qwen'))
    expect(ids(besideEachOther(nodes, 'q'))).toBe('b c d e')
    expect(besideEachOther(nodes, 'p')).toEqual([])
  })
})
