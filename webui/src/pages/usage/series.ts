// Sums by hour or day as charts take them: one time axis without gaps, a few groups stacked. Pure.
// Days are those of the person's own clock, of which a year has one of 23 hours and one of 25; hours
// are named in UTC, where none comes twice.
import type { Micros, UsageEntry } from '../../lib/api/types'
import { spanAt } from './requests'

export const RANGES = ['day', 'week', 'month', 'quarter', 'custom'] as const
export type Range = (typeof RANGES)[number]
export const SPLITS = ['model', 'key', 'outcome', 'lane'] as const
export type Split = (typeof SPLITS)[number]
export const GROUPS_SHOWN = 6

const HOUR_US = 3_600_000_000
const DAY_US = 24 * HOUR_US
const DAYS: Readonly<Record<Exclude<Range, 'custom'>, number>> = { day: 1, week: 7, month: 30, quarter: 90 }
const LONGEST_DAYS = 366
const BY_HOUR_DAYS = 7

export interface SumsWanted {
  range: Range
  by: Split
  /** Local days, both included, of a custom range. */
  from: string
  until: string
  /** The bar whose requests are shown, as two moments in µs: "1795…-1795…". Empty: none. */
  bar: string
  /** The one group of them that is shown. Empty: all. */
  of: string
}

const VIEW = 'sums?'

/** As it stands in the address, behind "of"; what is usual is left out. */
export function placeOfSums(wanted: SumsWanted): string {
  const told = new URLSearchParams()
  if (wanted.range !== 'day') told.set('range', wanted.range)
  if (wanted.by !== 'model') told.set('by', wanted.by)
  if (wanted.range === 'custom') {
    told.set('from', wanted.from)
    told.set('until', wanted.until)
  }
  if (wanted.bar) told.set('bar', wanted.bar)
  if (wanted.bar && wanted.of) told.set('of', wanted.of)
  return told.size === 0 ? '' : VIEW + told
}

export function sumsAt(of: string): SumsWanted {
  const told = new URLSearchParams(of.startsWith(VIEW) ? of.slice(VIEW.length) : '')
  const day = (name: string): string => (/^\d{4}-\d\d-\d\d$/.test(told.get(name) ?? '') ? told.get(name)! : '')
  return {
    range: RANGES.find((one) => one === told.get('range')) ?? 'day',
    by: SPLITS.find((one) => one === told.get('by')) ?? 'model',
    from: day('from'),
    until: day('until'),
    bar: spanAt(told.get('bar') ?? '') ? told.get('bar')! : '',
    of: told.get('of') ?? '',
  }
}

export interface Span {
  step: 'hour' | 'day'
  since: Micros
  until: Micros
  /** The beginning of each bar. */
  at: readonly Micros[]
}

/** The bars of a range: one that ends with the hour or day that is now, or that of two days. */
export function spanOf(wanted: Pick<SumsWanted, 'range' | 'from' | 'until'>, nowMs: number): Span {
  const custom = wanted.range === 'custom' ? daysBetween(wanted.from, wanted.until) : null
  const days = custom ? custom.days : DAYS[wanted.range === 'custom' ? 'week' : wanted.range]
  const last = custom ? custom.last : new Date(nowMs)
  const midnight = (ago: number): Micros => new Date(last.getFullYear(), last.getMonth(), last.getDate() - ago).getTime() * 1000
  if (days > BY_HOUR_DAYS) {
    const at = Array.from({ length: days }, (_, i) => midnight(days - 1 - i))
    return { step: 'day', since: at[0]!, until: midnight(-1), at }
  }
  const until = custom ? wholeHour(midnight(-1)) : (Math.floor((nowMs * 1000) / HOUR_US) + 1) * HOUR_US
  const since = custom ? wholeHour(midnight(days - 1)) : until - days * DAY_US
  const at = Array.from({ length: (until - since) / HOUR_US }, (_, i) => since + i * HOUR_US)
  return { step: 'hour', since, until, at }
}

/** Where days do not begin with an hour of UTC, the first that begins in them. */
function wholeHour(at: Micros): Micros {
  return Math.ceil(at / HOUR_US) * HOUR_US
}

/** At most a year; null where a day is missing or they are the wrong way round. */
function daysBetween(from: string, until: string): { days: number; last: Date } | null {
  if (!from || !until) return null
  const [first, last] = [beginningOf(from), beginningOf(until)]
  const days = Math.round((last - first) / DAY_US) + 1
  return days >= 1 ? { days: Math.min(days, LONGEST_DAYS), last: new Date(last / 1000) } : null
}

/** When the hour (of UTC) or the day (of the person's clock) of a row begins. */
export function beginningOf(name: string): Micros {
  const [day, time] = name.split('T')
  const [year, month, date] = day!.split('-').map(Number)
  if (time === undefined) return new Date(year!, month! - 1, date).getTime() * 1000
  const [hours, minutes] = time.split(':').map(Number)
  return Date.UTC(year!, month! - 1, date, hours, minutes) * 1000
}

/** The zone by which rows of a step are named. */
export function zoneOf(step: Span['step']): string {
  return step === 'hour' ? '0' : zoneHere()
}

/** The zone of the person's clock; where it has no name, so many minutes east of UTC. */
export function zoneHere(): string {
  const name = new Intl.DateTimeFormat().resolvedOptions().timeZone as string | undefined
  return name?.includes('/') && !name.startsWith('Etc/') ? name : String(-new Date().getTimezoneOffset())
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
    const i = bar.get(beginningOf(String(row.group[span.step] ?? '')))
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
    const i = bar.get(beginningOf(String(row.group[span.step] ?? '')))
    if (i !== undefined) line[i] = value(row) ?? null
  }
  return line
}

/** The groups that have requests in a time; those without a name can not be asked for. */
export function groupsIn(
  rows: readonly UsageEntry[],
  span: Span,
  split: Split,
  [since, until]: readonly [Micros, Micros],
): readonly string[] {
  const within = rows.filter((row) => {
    const at = beginningOf(String(row.group[span.step] ?? ''))
    return at >= since && at < until
  })
  return groupsOf(within, split, (row) => row.requests).filter((group) => group !== null && group !== '') as string[]
}

export function barUntil(span: Span, i: number): Micros {
  return span.at[i + 1] ?? span.until
}
