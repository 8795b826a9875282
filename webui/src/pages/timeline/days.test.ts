import { describe, expect, it } from 'vitest'
import type { FactEntry } from '../../lib/api/types'
import { filtersOf, isOver, isPlain, joined, kindOf, KINDS, NO_FILTERS, placeOf, queryOf, type Filters } from './days'

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
  const kinds = {
    'engine-crashed': 'engine', 'message-added': 'conversation', 'preset-saved': 'conversation',
    'virtual-model-saved': 'gateway', 'provider-removed': 'gateway', 'captures-pruned': 'audit',
    'mcp-server-failed': 'tool', 'tool-call-finished': 'tool', 'research-page-read': 'research',
    'clock-stepped-back': 'app', 'comet-passed': 'app',
  }
  expect(Object.fromEntries(Object.keys(kinds).map((type) => [type, kindOf(type)]))).toEqual(kinds)
})

it('a kind asks the server for every type that is shown as of it', () => {
  for (const kind of KINDS) {
    const asked = queryOf({ ...NO_FILTERS, kind })['kind']!.split(',')
    expect(asked.map((first) => kindOf(`${first}-x`))).toEqual(asked.map(() => kind))
  }
  expect(queryOf({ ...NO_FILTERS, kind: 'conversation' })['kind']).toBe('conversation,message,preset')
})

it('a time that is over hears of nothing new', () => {
  const hour = { ...NO_FILTERS, span: [1000, 2000] as const }
  expect([isOver(hour, 1500), isOver(hour, 2000), isOver(NO_FILTERS, 9)]).toEqual([false, true, false])
})

it('pages are joined newest first, each event once', () => {
  const at = (...positions: number[]): FactEntry[] => positions.map((position) => ({ position }) as FactEntry)
  expect(joined(at(3, 2), at(4, 3)).map((one) => one.position)).toEqual([4, 3, 2])
})
