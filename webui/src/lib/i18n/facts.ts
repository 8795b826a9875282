// A fact in the person's language, by its type. In English, and where the type is not known here, it
// is the server's own sentence. Pure.
import { compose, type Told } from './fill'

export interface Fact {
  type: string
  sentence: string
  data?: Readonly<Record<string, unknown>>
}

/** Which of several sentences a fact takes: "switch-requested/evict" before "switch-requested". */
const VARIANT: Readonly<Record<string, (data: Readonly<Record<string, unknown>>) => string>> = {
  'switch-requested': change,
  'switch-completed': change,
  'switch-failed': change,
  'switch-cancelled': change,
  'switch-eviction-finished': (data) => String(data['how'] ?? 'stopped'),
  'message-added': (data) => String(data['role']),
  'key-limit-reached': (data) => String(data['limit']),
  'engine-memory-measured': (data) => [total(data) && 'gpu', data['host'] && 'host'].filter(Boolean).join('-'),
}

function change(data: Readonly<Record<string, unknown>>): string {
  return data['kind'] === 'evict' && !data['target'] ? 'everything' : String(data['kind'])
}

function total(data: Readonly<Record<string, unknown>>): number {
  return Object.values((data['gpus'] ?? {}) as Record<string, number>).reduce((sum, one) => sum + one, 0)
}

/** What stands in a sentence and is no field of its own. */
function extra(type: string, data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (type === 'engine-memory-measured') return { gpu_total: total(data) }
  if (type === 'provider-saved') {
    return { offers: ((data['models'] ?? []) as { model?: string }[]).map((one) => one.model ?? '') }
  }
  if (type === 'key-limits-set') return { set: limits((data['limits'] ?? {}) as Record<string, unknown>) }
  return {}
}

/** As "tokens_per_minute 6000": the names stand in recipes and on the command line too. */
function limits(of: Record<string, unknown>): string[] {
  return Object.entries(of)
    .filter(([name, value]) =>
      value !== null && !(Array.isArray(value) && (value.length === 0 || (name === 'scopes' && String(value) === 'inference'))),
    )
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join('+') : String(value)}`)
}

export const EXTRA = ['gpu_total', 'offers', 'set'] as const

export function factSays(fact: Fact, texts: Readonly<Record<string, string>>, locale: string, told: Told): string {
  if (!fact.data) return fact.sentence
  const { data } = fact
  const variant = VARIANT[fact.type]?.(data)
  const template = texts[`${fact.type}/${variant}`] ?? texts[fact.type]
  if (template === undefined) return fact.sentence
  const said = compose(template, { ...data, ...extra(fact.type, data) }, locale, told)
  return said.replace(/([.。])[.。]$/, '$1')
}
