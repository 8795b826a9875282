import { describe, expect, it } from 'vitest'
import type { FactEntry } from '../../lib/api/types'
import { byDay, CHUNK, joined } from './days'

const NOON = new Date(2026, 10, 30, 12).getTime() * 1000

/** Positions as entries, newest first; each a second after the one before. */
function entries(...positions: number[]): FactEntry[] {
  return positions.map((position) => ({ position, recorded_at: NOON + position * 1e6 }) as FactEntry)
}
const down = (from: number, to: number): number[] => Array.from({ length: from - to + 1 }, (_, i) => from - i)
const keys = (all: readonly FactEntry[], anchor: number): number[] =>
  byDay(all, anchor).flatMap((day) => day.chunks.map((chunk) => chunk.key))

it('joining puts older ones behind and newer ones before', () => {
  const positions = (all: readonly FactEntry[]): number[] => all.map((entry) => entry.position)
  expect(positions(joined(entries(5, 4), entries(3, 2)))).toEqual([5, 4, 3, 2])
  expect(positions(joined(entries(9), entries(5, 4)))).toEqual([9, 5, 4])
})

describe('entries in chunks', () => {
  it('are all there once, in order', () => {
    const all = entries(...down(200, 1))
    const shown = byDay(all, 163).flatMap((day) => day.chunks.flatMap((chunk) => chunk.entries))
    expect(shown).toEqual(all)
  })
  it('stay in their chunks when newer and older ones come', () => {
    const before = keys(entries(...down(200, 101)), 200)
    expect(before).toHaveLength(100 / CHUNK)
    const after = keys(entries(...down(207, 1)), 200)
    expect(after.slice(0, before.length + 1)).toEqual([201, ...before])
  })
  it('have a section for each calendar day of this place', () => {
    const at = (hours: number): FactEntry => ({ position: 100 + hours, recorded_at: NOON + hours * 3600e6 }) as FactEntry
    const days = byDay([at(13), at(11), at(0), at(-13)], 113)
    expect(days.map((day) => day.chunks.flatMap((chunk) => chunk.entries).length)).toEqual([1, 2, 1])
  })
})
