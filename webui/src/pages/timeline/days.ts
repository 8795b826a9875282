// Facts in the order they are shown. Pure.
import type { FactEntry } from '../../lib/api/types'

export const KINDS = [
  'switch', 'engine', 'recipe', 'gateway', 'runtime', 'key', 'setting', 'conversation', 'audit', 'app',
] as const
export type Kind = (typeof KINDS)[number]

/** What a fact is about, from its type's first word; whatever has no kind of its own is the app's. */
export function kindOf(type: string): Kind {
  const first = type.split('-')[0]
  return KINDS.find((kind) => kind === first) ?? (first === 'message' ? 'conversation' : 'app')
}

/** Two runs of entries as one: newest first, each position once. */
export function joined(a: readonly FactEntry[], b: readonly FactEntry[]): FactEntry[] {
  const byPosition = new Map([...b, ...a].map((entry) => [entry.position, entry]))
  return [...byPosition.values()].sort((x, y) => y.position - x.position)
}

export interface Day {
  key: string
  at: number
  entries: FactEntry[]
}

/** By local calendar day. */
export function byDay(entries: readonly FactEntry[]): Day[] {
  const days: Day[] = []
  for (const entry of entries) {
    const key = new Date(entry.recorded_at / 1000).toDateString()
    const day = days.at(-1)
    if (day?.key === key) day.entries.push(entry)
    else days.push({ key, at: entry.recorded_at, entries: [entry] })
  }
  return days
}

export interface Filters {
  text: string
  kind: Kind | 'all'
  actor: string
  model: string
  /** Everything that came of one wish. */
  correlation: string
  /** A time, as two moments in µs since the epoch. */
  span: readonly [number, number] | null
}

export const NO_FILTERS: Filters = {
  text: '', kind: 'all', actor: '', model: '', correlation: '', span: null,
}

/** As the server is asked for them. */
export function queryOf(filters: Filters): Record<string, string> {
  const query: Record<string, string> = {}
  if (filters.text.trim()) query['text'] = filters.text.trim()
  if (filters.kind !== 'all') query['kind'] = filters.kind
  if (filters.actor) query['actor'] = filters.actor
  if (filters.model) query['model'] = filters.model
  if (filters.correlation) query['correlation'] = filters.correlation
  if (filters.span) [query['since'], query['until']] = [String(filters.span[0]), String(filters.span[1])]
  return query
}

/** Whether a fact that just happened belongs to what is shown; the server judges the rest. */
export function isPlain(filters: Filters): boolean {
  return Object.keys(queryOf(filters)).length === 0
}

/** "1795…-1795…" in the address is a time, anything else a model. */
export function filtersOf(of: string): Filters {
  const span = /^(\d{14,17})-(\d{14,17})$/.exec(of)
  if (span) return { ...NO_FILTERS, span: [Number(span[1]), Number(span[2])] }
  return { ...NO_FILTERS, model: of }
}
