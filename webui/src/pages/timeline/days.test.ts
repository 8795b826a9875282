import { describe, expect, it } from 'vitest'
import type { FactEntry } from '../../lib/api/types'
import { filtersOf, isPlain, joined, kindOf, NO_FILTERS, placeOf, type Filters } from './days'

describe('filters in the address', () => {
  const FILTERS: Filters[] = [
    NO_FILTERS,
    { ...NO_FILTERS, model: 'qwen3' },
    { ...NO_FILTERS, model: 'wish:me' },
    { ...NO_FILTERS, model: '17950000000000-17960000000000' },
    { ...NO_FILTERS, correlation: 'r-1?2=3' },
    { ...NO_FILTERS, span: [17950000000000, 17960000000000] },
    { text: 'a & b', kind: 'engine', actor: 'key:1', model: 'm', correlation: 'c', span: [17950000000000, 17960000000000] },
  ]
  it.each(FILTERS.map((one) => [placeOf(one), one] as const))('%s comes back as it was', (place, filters) => {
    expect(filtersOf(place)).toEqual(filters)
  })
  it('are plain where nothing is asked for', () => {
    expect(FILTERS.map(isPlain)).toEqual([true, false, false, false, false, false, false])
  })
})

it('a fact is about what its type begins with', () => {
  expect(['engine-crashed', 'message-added', 'virtual-model-saved'].map(kindOf)).toEqual(['engine', 'conversation', 'app'])
})

it('pages are joined newest first, each event once', () => {
  const at = (...positions: number[]): FactEntry[] => positions.map((position) => ({ position }) as FactEntry)
  expect(joined(at(3, 2), at(4, 3)).map((one) => one.position)).toEqual([4, 3, 2])
})
