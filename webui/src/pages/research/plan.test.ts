import { describe, expect, it } from 'vitest'
import { piecesOf } from './passages'
import { differs, moved, rowsOf, stepsOf, withRowAfter } from './plan'
import { hostOf, shares } from './states'

const PLAN = ['a', 'b', 'c'].map((question, i) => ({
  step_id: `s${i}`, question, round: 1, state: 'waiting' as const, queries: [], searches: [], sources: [], notes: 0,
}))
const passage = (note_id: string, start: number, end: number) => ({ note_id, start, end, claim: '', quote: '' })

describe('a plan', () => {
  it('that nobody touched is what it was', () => {
    expect(differs(rowsOf(PLAN), PLAN)).toBe(false)
  })
  it('keeps the ids of moved steps and gives none to new ones', () => {
    const rows = withRowAfter(moved(rowsOf(PLAN), 0, 1), 0)
    rows[1]!.question = ' new '
    expect(stepsOf(rows)).toEqual([
      { step_id: 's1', question: 'b' }, { question: 'new' }, { step_id: 's0', question: 'a' }, { step_id: 's2', question: 'c' },
    ])
    expect(new Set(rows.map((row) => row.key)).size).toBe(4)
  })
  it('loses a row without words, and moves nothing past its ends', () => {
    expect(stepsOf([...rowsOf(PLAN), { key: 9, step_id: '', question: '  ' }])).toHaveLength(3)
    expect(moved(rowsOf(PLAN), 0, -1)).toEqual(rowsOf(PLAN))
  })
})

describe('a captured text', () => {
  it('is cut where passages begin and end, and is whole all the same', () => {
    const pieces = piecesOf('abcdefgh', [passage('x', 1, 4), passage('y', 3, 6)])
    expect(pieces.map((one) => [one.text, one.notes.join()])).toEqual([
      ['a', ''], ['bc', 'x'], ['d', 'x,y'], ['ef', 'y'], ['gh', ''],
    ])
  })
  it('counts characters and not their halves', () => {
    expect(piecesOf('a🏔b🏔c', [passage('x', 2, 4)]).map((one) => one.text)).toEqual(['a🏔', 'b🏔', 'c'])
  })
  it('marks nothing that lies outside of it', () => {
    expect(piecesOf('ab', [passage('x', 5, 9)])).toEqual([{ text: 'ab', notes: [] }])
    expect(piecesOf('', [])).toEqual([])
  })
})

it('a budget is told in shares, also where there is none', () => {
  const told = shares({ sources: 10, tokens: 0, minutes: 5 }, { sources: 4, tokens: 7, minutes: 6 })
  expect(told.map((one) => one.share)).toEqual([0.4, 1, 1.2])
})

it('a source is named by its host, and by all of it where it has none', () => {
  expect([hostOf('https://a.example/x'), hostOf('folder://notes/a.md'), hostOf('nonsense')]).toEqual(['a.example', 'notes', 'nonsense'])
})
