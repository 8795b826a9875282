import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { UsageEntry } from '../../lib/api/types'
import { barUntil, beginningOf, groupsIn, groupsOf, lineOf, piled, placeOfSums, spanOf, stacksOf, sumsAt, zoneHere, zoneOf } from './series'

beforeAll(() => void vi.stubEnv('TZ', 'Europe/Berlin'))
afterAll(() => void vi.unstubAllEnvs())

const NOON = Date.UTC(2026, 10, 30, 12, 30)
const DAY = sumsAt('')
const row = (group: Record<string, string>, requests: number): UsageEntry =>
  ({ group, requests, ttft: { p50: requests * 10 } }) as unknown as UsageEntry
const requests = (one: UsageEntry): number => one.requests

describe('the bars of a range', () => {
  it('are hours up to the one that is now', () => {
    const span = spanOf({ ...DAY, range: 'day' }, NOON)
    expect([span.step, span.at.length]).toEqual(['hour', 24])
    expect(span.until).toBe(Date.UTC(2026, 10, 30, 13) * 1000)
    expect(barUntil(span, 23)).toBe(span.until)
    expect(barUntil(span, 0)).toBe(span.at[1])
  })

  it('are days of the zone where they are many', () => {
    const span = spanOf({ ...DAY, range: 'month' }, NOON)
    expect([span.step, span.at.length]).toEqual(['day', 30])
    expect(span.until).toBe(Date.UTC(2026, 10, 30, 23) * 1000)
    expect(beginningOf('2026-11-30')).toBe(span.at[29])
    expect(span.since).toBe(Date.UTC(2026, 9, 31, 23) * 1000)
  })

  it('are those of two days, both included, by the hour where they are few', () => {
    const span = spanOf({ range: 'custom', from: '2026-11-01', until: '2026-11-02' }, NOON)
    expect([span.step, span.at.length]).toEqual(['hour', 48])
    expect(span.since).toBe(Date.UTC(2026, 9, 31, 23) * 1000)
    expect(span.until).toBe(Date.UTC(2026, 10, 2, 23) * 1000)
    expect(spanOf({ range: 'custom', from: '2026-01-01', until: '2026-03-31' }, NOON).at).toHaveLength(90)
  })

  it('are the last week while a custom range is not chosen, or the wrong way round', () => {
    for (const [from, until] of [['', ''], ['2026-11-02', '2026-11-01']] as const) {
      expect(spanOf({ range: 'custom', from, until }, NOON).at).toHaveLength(7 * 24)
    }
  })

  it('are found by the names that rows have', () => {
    expect(beginningOf('2026-11-30T12:00')).toBe(Date.UTC(2026, 10, 30, 12) * 1000)
    expect(beginningOf('2026-07-01')).toBe(Date.UTC(2026, 5, 30, 22) * 1000)
  })

  it('are days of 25 and of 23 hours where the clocks are set', () => {
    const span = spanOf({ ...DAY, range: 'month' }, Date.UTC(2026, 10, 1, 12))
    const back = span.at.indexOf(Date.UTC(2026, 9, 24, 22) * 1000)
    expect(back).toBeGreaterThan(0)
    expect(span.at[back + 1]).toBe(Date.UTC(2026, 9, 25, 23) * 1000)
    for (const name of ['2026-10-20', '2026-10-25', '2026-10-26', '2026-11-01']) expect(span.at).toContain(beginningOf(name))
    expect(spanOf({ range: 'custom', from: '2026-10-25', until: '2026-10-25' }, NOON).at).toHaveLength(25)
    expect(spanOf({ range: 'custom', from: '2026-03-29', until: '2026-03-29' }, NOON).at).toHaveLength(23)
  })

  it('are asked for in the zone by which they are named', () => {
    expect([zoneOf('hour'), zoneOf('day'), zoneHere()]).toEqual(['0', 'Europe/Berlin', 'Europe/Berlin'])
    vi.stubEnv('TZ', 'UTC')
    expect(zoneOf('day')).toBe('0')
    vi.stubEnv('TZ', 'Asia/Kolkata')
    const half = spanOf({ range: 'custom', from: '2026-11-02', until: '2026-11-02' }, NOON)
    expect([half.since, half.at.length]).toEqual([Date.UTC(2026, 10, 1, 19) * 1000, 24])
    vi.stubEnv('TZ', 'Europe/Berlin')
  })
})

it('what is wanted stands in the address and comes back from there', () => {
  const wanted = { range: 'custom', by: 'key', from: '2026-11-01', until: '2026-11-02', bar: '', of: '' } as const
  expect(sumsAt(placeOfSums(wanted))).toEqual(wanted)
  expect(placeOfSums(sumsAt(''))).toBe('')
  expect(sumsAt('sums?range=ages&by=nobody')).toEqual({ range: 'day', by: 'model', from: '', until: '', bar: '', of: '' })
})

it('a bar and a group of it stand in the address, a group without a bar does not', () => {
  const bar = '1796047200000000-1796050800000000'
  const wanted = { ...sumsAt(''), by: 'key', bar, of: 'k1' } as const
  expect(sumsAt(placeOfSums(wanted))).toEqual(wanted)
  expect(placeOfSums({ ...sumsAt(''), of: 'k1' })).toBe('')
  expect(sumsAt('sums?bar=yesterday').bar).toBe('')
})

describe('what is stacked', () => {
  const span = spanOf({ ...DAY, range: 'day' }, NOON)
  const at = (hour: number, model: string, n: number): UsageEntry =>
    row({ hour: `2026-11-30T${String(hour).padStart(2, '0')}:00`, model }, n)

  it('can be asked for by its groups that have a name, those of one bar', () => {
    const rows = [at(1, 'a', 1), at(1, 'b', 2), at(1, '', 9), at(2, 'c', 3)]
    const [since, until] = [span.at.find((one) => one === beginningOf('2026-11-30T01:00'))!, beginningOf('2026-11-30T02:00')]
    expect(groupsIn(rows, span, 'model', [since, until])).toEqual(['b', 'a'])
  })

  it('has the largest groups first and the rest as one', () => {
    const rows = 'abcdefgh'.split('').map((name, i) => at(1, name, 100 - i))
    expect(groupsOf(rows, 'model', requests)).toEqual(['a', 'b', 'c', 'd', 'e', null])
    expect(groupsOf(rows.slice(0, 2), 'model', requests)).toEqual(['a', 'b'])
  })

  it('adds up to every request, also those of small groups', () => {
    const rows = [at(12, 'a', 5), at(12, 'b', 2), at(11, 'c', 1)]
    const stacks = stacksOf(rows, span, 'model', ['a', null], requests)
    expect(stacks.map((stack) => stack.slice(-2))).toEqual([[0, 5], [1, 2]])
    expect(piled(stacks).map((pile) => pile.slice(-2))).toEqual([[0, 5], [1, 7]])
  })

  it('leaves out what lies outside', () => {
    const rows = [row({ hour: '2026-11-01T00:00', model: 'a' }, 9)]
    expect(stacksOf(rows, span, 'model', ['a'], requests).flat().some(Boolean)).toBe(false)
  })

  it('shows no latency where nothing was asked', () => {
    const line = lineOf([at(12, '', 3)], span, (one) => one.ttft.p50)
    expect(line.slice(-2)).toEqual([null, 30])
  })
})
