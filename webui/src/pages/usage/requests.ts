// Which of the requests that have ended are shown, and where the time of one went. Pure.
import type { Micros, RequestEntry } from '../../lib/api/types'

export const OUTCOMES = ['ok', 'error', 'rejected', 'timeout', 'cancelled', 'client_gone'] as const
export const LANES = ['gateway', 'direct', 'none'] as const
export const AGES = { hour: 3600, day: 86_400, week: 7 * 86_400, month: 30 * 86_400 } as const
export type Age = keyof typeof AGES

/** Empty: whatever it is. */
export interface Wanted {
  model: string
  key: string
  outcome: string
  lane: string
  status: string
  /** One of `AGES`, or two moments in µs: "1795…-1795…". */
  when: string
  /** One request, by its id. */
  request: string
}
export const ANY: Wanted = { model: '', key: '', outcome: '', lane: '', status: '', when: '', request: '' }
const NAMES = Object.keys(ANY) as (keyof Wanted)[]
const VIEW = 'requests'

export const isRequests = (of: string): boolean => of === VIEW || of.startsWith(`${VIEW}?`)

/** As it stands in the address, behind "of". */
export function placeOfRequests(wanted: Partial<Wanted>): string {
  const told = new URLSearchParams()
  for (const name of NAMES) if (wanted[name]) told.set(name, wanted[name]!)
  return told.size === 0 ? VIEW : `${VIEW}?${told}`
}

export function wantedAt(of: string): Wanted {
  const told = new URLSearchParams(of.slice(VIEW.length + 1))
  return Object.fromEntries(NAMES.map((name) => [name, told.get(name) ?? ''])) as unknown as Wanted
}

export function spanAt(when: string): readonly [Micros, Micros] | null {
  const found = /^(\d{14,17})-(\d{14,17})$/.exec(when)
  return found ? [Number(found[1]), Number(found[2])] : null
}

/** As the server is asked. */
export function queryOf(wanted: Wanted, nowMs: number): Record<string, string> {
  const { when, request, ...rest } = wanted
  const query: Record<string, string> = {}
  for (const [name, value] of Object.entries(rest)) if (value) query[name] = value
  if (request) query['request_id'] = request
  const span = spanAt(when)
  if (span) [query['since'], query['until']] = [String(span[0]), String(span[1])]
  else if (when in AGES) query['since'] = String((nowMs - AGES[when as Age] * 1000) * 1000)
  return query
}

export interface Phase {
  name: 'queue' | 'load' | 'first' | 'answer'
  ms: number
  /** Where it begins and how long it is, 0 to 1 of the whole. */
  from: number
  share: number
}

/** Where the time went: waiting for its turn, for the model to load, for the first token, for the rest. */
export function phasesOf(one: Pick<RequestEntry, 'wait_ms' | 'load_ms' | 'ttft_ms' | 'duration_ms'>): Phase[] {
  const whole = Math.max(one.duration_ms, one.wait_ms, one.ttft_ms ?? 0)
  const load = Math.min(one.load_ms, one.wait_ms)
  const until = one.ttft_ms === null ? whole : Math.max(one.ttft_ms, one.wait_ms)
  const parts: [Phase['name'], number][] = [
    ['queue', one.wait_ms - load],
    ['load', load],
    [one.ttft_ms === null ? 'answer' : 'first', until - one.wait_ms],
    ...(one.ttft_ms === null ? [] : ([['answer', whole - until]] as [Phase['name'], number][])),
  ]
  let from = 0
  return parts.flatMap(([name, ms]) => {
    if (ms < 0.05 || whole <= 0) return []
    const phase = { name, ms, from: from / whole, share: ms / whole }
    from += ms
    return [phase]
  })
}

/** Tokens a second while it answered; null where nobody counted. */
export function speedOf(one: Pick<RequestEntry, 'completion_tokens' | 'ttft_ms' | 'duration_ms'>): number | null {
  const seconds = (one.duration_ms - (one.ttft_ms ?? 0)) / 1000
  const tokens = one.completion_tokens ?? 0
  return one.ttft_ms !== null && tokens > 1 && seconds > 0 ? (tokens - 1) / seconds : null
}

/** When it came. */
export const arrivedAt = (one: Pick<RequestEntry, 'finished_at' | 'duration_ms'>): Micros =>
  Math.round(one.finished_at - one.duration_ms * 1000)

/** A body as people read it: JSON with its lines, and the lines of a stream as they came. */
export function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** What an answer says, where it is of OpenAI's or Anthropic's shape; also put together from a stream. */
export function saidIn(text: string): string | null {
  const events = text.startsWith('data:') || text.startsWith('event:') ? streamed(text) : whole(text)
  const said = events.map(wordsOf).join('')
  return said.trim() === '' ? null : said
}

const whole = (text: string): unknown[] => {
  try {
    return [JSON.parse(text)]
  } catch {
    return []
  }
}

const streamed = (text: string): unknown[] =>
  text.split('\n').flatMap((line) => (line.startsWith('data:') ? whole(line.slice(5).trim()) : []))

interface Shape {
  choices?: { delta?: { content?: unknown }; message?: { content?: unknown }; text?: unknown }[]
  content?: { text?: unknown }[]
  delta?: { text?: unknown }
}

function wordsOf(event: unknown): string {
  const { choices = [], content = [], delta } = (event ?? {}) as Shape
  const found = [
    ...(Array.isArray(choices) ? choices : []).map((one) => one.delta?.content ?? one.message?.content ?? one.text),
    ...(Array.isArray(content) ? content : []).map((one) => one.text),
    delta?.text,
  ]
  return found.filter((one) => typeof one === 'string').join('')
}
