import { describe, expect, it } from 'vitest'
import { headOf, headsOf, runOf } from './runs'

//  q ─┬─ a ── t1 ── t2 ── a2 ── q2 ── b
//     └─ c ── t3
const nodes = [
  ['q', null, 'user'],
  ['a', 'q', 'assistant'],
  ['t1', 'a', 'tool'],
  ['t2', 't1', 'tool'],
  ['a2', 't2', 'assistant'],
  ['q2', 'a2', 'user'],
  ['b', 'q2', 'assistant'],
  ['c', 'q', 'assistant'],
  ['t3', 'c', 'tool'],
].map(([id, parentId, role]) => ({ id: id as string, parentId: parentId as string | null, role: role as string }))
const branch = nodes.slice(0, 7)
const named = (id: string) => nodes.find((node) => node.id === id)!
const ids = (some: { id: string }[]): string => some.map(({ id }) => id).join(' ')

describe('an answer that calls tools', () => {
  it('begins with what calls them', () => {
    expect(ids(headsOf(branch))).toBe('q a q2 b')
  })

  it.each([
    ['a', 'a t1 t2 a2'],
    ['b', 'b'],
    ['c', 'c t3'], // not on this branch
  ])('from %s on is %s', (head, run) => {
    expect(ids(runOf(nodes, branch, named(head)))).toBe(run)
  })

  it.each([
    ['a2', 'a'],
    ['t1', 'a'],
    ['b', 'b'],
    ['q2', 'q2'],
  ])('with %s begins at %s', (one, head) => {
    expect(headOf(branch, named(one)).id).toBe(head)
  })

  it('goes on with what waits for the results of its calls', () => {
    const waiting = [
      { id: 'a', parentId: null, role: 'assistant', calls: [{}] },
      { id: 'next', parentId: 'a', role: 'assistant', calls: [] },
    ]
    expect(ids(headsOf(waiting))).toBe('a')
  })

  it('may have lost its beginning', () => {
    const lost = [{ id: 't', parentId: null, role: 'tool' }, { id: 'a', parentId: 't', role: 'assistant' }]
    expect(ids(headsOf(lost))).toBe('t')
  })
})
