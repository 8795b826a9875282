// Sums by hour or day as charts take them: one time axis without gaps, a few groups stacked. Pure.
import type { Micros, UsageEntry } from '../../lib/api/types'

export const RANGES = ['day', 'week', 'month', 'quarter'] as const
export type Range = (typeof RANGES)[number]
export const SPLITS = ['model', 'key', 'outcome', 'lane'] as const
export type Split = (typeof SPLITS)[number]
export const GROUPS_SHOWN = 6

const HOUR_US = 3_600_000_000
const DAYS: Readonly<Record<Range, number>> = { day: 1, week: 7, month: 30, quarter: 90 }

export interface Span {
  step: 'hour' | 'day'
  since: Micros
  until: Micros
  /** Minutes east of UTC, by which days begin. */
  zone: number
  /** The beginning of each bar. */
  at: readonly Micros[]
}

/** The bars of a range that ends with the hour, or the day, that is now. */
export function spanOf(range: Range, nowMs: number, zone: number): Span {
  const step = DAYS[range] <= 7 ? 'hour' : 'day'
  const width = step === 'hour' ? HOUR_US : 24 * HOUR_US
  const shift = step === 'day' ? zone * 60_000_000 : 0
  const until = (Math.floor((nowMs * 1000 + shift) / width) + 1) * width - shift
  const bars = (DAYS[range] * 24 * HOUR_US) / width
  const at = Array.from({ length: bars }, (_, i) => until - (bars - i) * width)
  return { step, since: at[0]!, until, zone, at }
}

/** When the hour or day of a row begins, as it is named in the span's zone. */
export function beginningOf(name: string, zone: number): Micros {
  const [day, time = '00:00'] = name.split('T')
  const [year, month, date] = day!.split('-').map(Number)
  const [hours, minutes] = time.split(':').map(Number)
  return (Date.UTC(year!, month! - 1, date, hours, minutes) - zone * 60_000) * 1000
}

/** The groups with most of `value` in front; what is left is one group, null. */
export function groupsOf(
  rows: readonly UsageEntry[],
  split: Split,
  value: (row: UsageEntry) => number,
): readonly (string | null)[] {
  const sums = new Map<string, number>()
  for (const row of rows) {
    const name = String(row.group[split] ?? '')
    sums.set(name, (sums.get(name) ?? 0) + value(row))
  }
  const names = [...sums].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([name]) => name)
  return names.length > GROUPS_SHOWN ? [...names.slice(0, GROUPS_SHOWN - 1), null] : names
}

/** For each group its value in every bar. */
export function stacksOf(
  rows: readonly UsageEntry[],
  span: Span,
  split: Split,
  groups: readonly (string | null)[],
  value: (row: UsageEntry) => number,
): number[][] {
  const bar = new Map(span.at.map((at, i) => [at, i]))
  const stacks = groups.map(() => span.at.map(() => 0))
  const rest = groups.indexOf(null)
  for (const row of rows) {
    const i = bar.get(beginningOf(String(row.group[span.step] ?? ''), span.zone))
    const known = groups.indexOf(String(row.group[split] ?? ''))
    const stack = stacks[known >= 0 ? known : rest]
    if (i !== undefined && stack) stack[i]! += value(row)
  }
  return stacks
}

/** Each stack on top of those before it, as they are drawn: the last one is the whole. */
export function piled(stacks: readonly (readonly number[])[]): number[][] {
  let below: readonly number[] | null = null
  return stacks.map((stack) => {
    const pile: number[] = stack.map((n, i) => n + (below?.[i] ?? 0))
    below = pile
    return pile
  })
}

/** One measure in every bar; null where there was no request. */
export function lineOf(
  rows: readonly UsageEntry[],
  span: Span,
  value: (row: UsageEntry) => number | null | undefined,
): (number | null)[] {
  const line: (number | null)[] = span.at.map(() => null)
  const bar = new Map(span.at.map((at, i) => [at, i]))
  for (const row of rows) {
    const i = bar.get(beginningOf(String(row.group[span.step] ?? ''), span.zone))
    if (i !== undefined) line[i] = value(row) ?? null
  }
  return line
}

export function barUntil(span: Span, i: number): Micros {
  return span.at[i + 1] ?? span.until
}
