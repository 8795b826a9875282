// Facts in the order they are shown. Pure.
import type { FactEntry } from '../../lib/api/types'

export const KINDS = [
  'switch', 'engine', 'recipe', 'gateway', 'runtime', 'key', 'setting', 'conversation', 'tool', 'research', 'audit',
  'app',
] as const
export type Kind = (typeof KINDS)[number]

/** The first words of the types that a kind is made of, where it is not its own name alone. */
const BEGINNINGS: Partial<Record<Kind, readonly string[]>> = {
  gateway: ['gateway', 'provider', 'virtual'],
  conversation: ['conversation', 'message', 'preset'],
  tool: ['tool', 'mcp'],
  audit: ['audit', 'capture', 'captures'],
  app: ['app', 'clock', 'model'],
}

function beginningsOf(kind: Kind): readonly string[] {
  return BEGINNINGS[kind] ?? [kind]
}

/** What a fact is about, from its type's first word; whatever has no kind of its own is the app's. */
export function kindOf(type: string): Kind {
  const first = type.split('-')[0]!
  return KINDS.find((kind) => beginningsOf(kind).includes(first)) ?? 'app'
}

/** Two runs of entries as one: newest first, each position once. */
export function joined(a: readonly FactEntry[], b: readonly FactEntry[]): readonly FactEntry[] {
  const [end, begin] = [a.at(-1), b[0]]
  if (end === undefined) return b
  if (begin === undefined) return a
  if (end.position > begin.position) return [...a, ...b]
  const byPosition = new Map([...b, ...a].map((entry) => [entry.position, entry]))
  return [...byPosition.values()].sort((x, y) => y.position - x.position)
}

/** A few rows that are drawn together or not at all. */
export interface Chunk {
  /** The position of its oldest, which newer facts leave alone. */
  key: number
  entries: readonly FactEntry[]
}

export interface Day {
  key: string
  at: number
  chunks: Chunk[]
}

export const CHUNK = 25
const DAY_US = 86_400 * 1_000_000

/**
 * By local calendar day, and in chunks. Chunks are counted from `anchor`, a position: entries that come before it
 * or after it leave the chunks that are there as they are.
 */
export function byDay(entries: readonly FactEntry[], anchor: number): Day[] {
  const days: Day[] = []
  const newer = entries.findIndex((entry) => entry.position <= anchor)
  const shift = newer < 0 ? 0 : CHUNK - (newer % CHUNK)
  let until = Infinity // the beginning of the day that is being filled
  let chunk: FactEntry[] = []
  entries.forEach((entry, index) => {
    const isOtherDay = entry.recorded_at < until || entry.recorded_at >= until + DAY_US
    if (isOtherDay) {
      const begin = new Date(entry.recorded_at / 1000).setHours(0, 0, 0, 0)
      const key = new Date(begin).toDateString()
      until = begin * 1000
      if (days.at(-1)?.key !== key) {
        days.push({ key, at: entry.recorded_at, chunks: [] })
        chunk = []
      }
    }
    const day = days.at(-1)!
    if (chunk.length === 0 || (index + shift) % CHUNK === 0) day.chunks.push({ key: 0, entries: (chunk = []) })
    chunk.push(entry)
    day.chunks.at(-1)!.key = entry.position
  })
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
  if (filters.kind !== 'all') query['kind'] = beginningsOf(filters.kind).join()
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

/** Whether the time that is wanted was over then: nothing that happens since belongs to it. */
export function isOver(filters: Filters, at: number): boolean {
  return filters.span !== null && filters.span[1] <= at
}

const SPAN = /^(\d{14,17})-(\d{14,17})$/
const WISH = /^wish:(.+)$/
const MANY = /^filter\?(.*)$/

/** In the address a time is "1795…-1795…", a wish "wish:…", several filters "filter?…"; else a model. */
export function filtersOf(of: string): Filters {
  const span = SPAN.exec(of)
  if (span) return { ...NO_FILTERS, span: [Number(span[1]), Number(span[2])] }
  const wish = WISH.exec(of)
  if (wish) return { ...NO_FILTERS, correlation: wish[1]! }
  const many = MANY.exec(of)
  return many ? filtersIn(new URLSearchParams(many[1])) : { ...NO_FILTERS, model: of }
}

function filtersIn(told: URLSearchParams): Filters {
  const span = SPAN.exec(told.get('span') ?? '')
  const text = (name: string): string => told.get(name) ?? ''
  return {
    text: text('text'),
    kind: KINDS.find((kind) => kind === told.get('kind')) ?? 'all',
    actor: text('actor'),
    model: text('model'),
    correlation: text('correlation'),
    span: span ? [Number(span[1]), Number(span[2])] : null,
  }
}

export function placeOf(filters: Filters): string {
  const { span, kind, text, ...rest } = filters
  const told: Record<string, string> = {
    ...rest,
    text: text.trim(),
    kind: kind === 'all' ? '' : kind,
    span: span ? `${span[0]}-${span[1]}` : '',
  }
  const named = Object.entries(told).filter(([, value]) => value !== '')
  const [only] = named
  if (!only) return ''
  if (named.length === 1 && only[0] === 'span') return only[1]
  if (named.length === 1 && only[0] === 'correlation') return `wish:${only[1]}`
  if (named.length === 1 && only[0] === 'model' && !/[-:?]/.test(only[1])) return only[1]
  return `filter?${new URLSearchParams(named)}`
}
