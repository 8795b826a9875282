import { describe, expect, it } from 'vitest'
import { branchTo, newestUnder, siblingsOf } from './tree'

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
