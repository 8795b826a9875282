// How a conversation asks its model: what can be set, in which ranges, and how it is read and written. Pure.
import type { Key } from '../i18n/words'

export interface Setup {
  /** By its name; empty: whatever is resident. */
  model: string
  system: string
  parameters: Parameters
  /** "server", or "server/tool". */
  tools: readonly string[]
  /** The preset that it was taken from. */
  preset: string
}
export type Parameters = Readonly<Record<string, unknown>>
export const NOTHING: Setup = { model: '', system: '', parameters: {}, tools: [], preset: '' }

/** What was read of one; what is left out is not set. */
export const setupOf = (read: Partial<Setup> | null | undefined): Setup => ({ ...NOTHING, ...read })

interface Base {
  name: string
  label: Key
}
interface Amount extends Base {
  kind: 'number' | 'whole'
  least: number
  most: number
  /** More than `least`. */
  above?: boolean
  step: number
  /** What engines take where it is not set, as they take it; null: it depends on the model. */
  usual: string | null
}
interface Other extends Base {
  kind: 'stops' | 'effort' | 'thinking' | 'format'
  usual: string | null
}
export type Parameter = Amount | Other

export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'] as const
const THINKING = 'enable_thinking'
const TEMPLATE = 'chat_template_kwargs'

/** In the order in which they are offered. */
export const PARAMETERS: readonly Parameter[] = [
  { name: 'temperature', label: 'setup.temperature', kind: 'number', least: 0, most: 2, step: 0.1, usual: '1' },
  { name: 'max_tokens', label: 'setup.max.tokens', kind: 'whole', least: 1, most: 10_000_000, step: 64, usual: null },
  { name: 'thinking', label: 'setup.thinking', kind: 'thinking', usual: null },
  { name: 'reasoning_effort', label: 'setup.effort', kind: 'effort', usual: null },
  { name: 'top_p', label: 'setup.top.p', kind: 'number', least: 0, above: true, most: 1, step: 0.05, usual: '1' },
  { name: 'top_k', label: 'setup.top.k', kind: 'whole', least: -1, most: 1_000_000, step: 1, usual: '0' },
  { name: 'min_p', label: 'setup.min.p', kind: 'number', least: 0, most: 1, step: 0.01, usual: '0' },
  { name: 'stop', label: 'setup.stop', kind: 'stops', usual: null },
  { name: 'seed', label: 'setup.seed', kind: 'whole', least: Number.MIN_SAFE_INTEGER, most: Number.MAX_SAFE_INTEGER, step: 1, usual: null },
  { name: 'presence_penalty', label: 'setup.presence', kind: 'number', least: -2, most: 2, step: 0.1, usual: '0' },
  { name: 'frequency_penalty', label: 'setup.frequency', kind: 'number', least: -2, most: 2, step: 0.1, usual: '0' },
  { name: 'repetition_penalty', label: 'setup.repetition', kind: 'number', least: 0, above: true, most: 2, step: 0.05, usual: '1' },
  { name: 'response_format', label: 'setup.format', kind: 'format', usual: null },
]
const KNOWN: ReadonlySet<string> = new Set(PARAMETERS.map(({ name }) => name))

/** What a parameter is set to; undefined: it is not. */
export function valueOf(parameters: Parameters, { name, kind }: Parameter): unknown {
  return kind === 'thinking' ? templateOf(parameters)[THINKING] : parameters[name]
}

/** The parameters with one of them set; undefined takes it out. */
export function withValue(parameters: Parameters, { name, kind }: Parameter, value: unknown): Parameters {
  if (kind !== 'thinking') return without({ ...parameters, [name]: value })
  const template = without({ ...templateOf(parameters), [THINKING]: value })
  return without({ ...parameters, [TEMPLATE]: Object.keys(template).length > 0 ? template : undefined })
}

/** What is set beside the parameters that have a place of their own. */
export function furtherOf(parameters: Parameters): Parameters {
  const template = without({ ...templateOf(parameters), [THINKING]: undefined })
  const rest = Object.fromEntries(Object.entries(parameters).filter(([name]) => !KNOWN.has(name) && name !== TEMPLATE))
  return Object.keys(template).length > 0 ? { ...rest, [TEMPLATE]: template } : rest
}

/** The parameters with other further ones. */
export function withFurther(parameters: Parameters, further: Parameters): Parameters {
  const known = Object.fromEntries(Object.entries(parameters).filter(([name]) => KNOWN.has(name)))
  const thinking = templateOf(parameters)[THINKING]
  const template = without({ ...templateOf(further), [THINKING]: templateOf(further)[THINKING] ?? thinking })
  return without({ ...further, ...known, [TEMPLATE]: Object.keys(template).length > 0 ? template : undefined })
}

/** Whether a number may be sent. */
export function inRange(parameter: Amount, value: number): boolean {
  const { least, most, above, kind } = parameter
  if (!Number.isFinite(value) || (kind === 'whole' && !Number.isInteger(value))) return false
  return value <= most && (above ? value > least : value >= least)
}

/** An object as it was written; null: it is none. */
export function readObject(text: string): Record<string, unknown> | null {
  if (!text.trim()) return {}
  try {
    const read: unknown = JSON.parse(text)
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? (read as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** A JSON schema as the field that engines take, and back. */
export function formatOf(schema: Record<string, unknown>): unknown {
  const title = typeof schema['title'] === 'string' ? schema['title'] : ''
  const name = title.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 64) || 'answer'
  return { type: 'json_schema', json_schema: { name, schema, strict: true } }
}
export function schemaOf(format: unknown): unknown {
  return (format as { json_schema?: { schema?: unknown } } | undefined)?.json_schema?.schema ?? {}
}

/** One tool of a server is chosen with the whole server, or by itself. */
export function chosen(tools: readonly string[], server: string, tool?: string): boolean {
  return tools.includes(server) || (tool !== undefined && tools.includes(`${server}/${tool}`))
}

/** Chooses a server as a whole, or none of it. */
export function withServer(tools: readonly string[], server: string, on: boolean): string[] {
  const rest = tools.filter((one) => one !== server && !one.startsWith(`${server}/`))
  return on ? [...rest, server] : rest
}

/** Chooses one tool of a server; all of them are the server. */
export function withTool(tools: readonly string[], server: string, tool: string, on: boolean, all: readonly string[]): string[] {
  const mine = new Set(all.filter((one) => chosen(tools, server, one)))
  if (on) mine.add(tool)
  else mine.delete(tool)
  const rest = withServer(tools, server, false)
  if (all.length > 0 && mine.size === all.length) return [...rest, server]
  return [...rest, ...all.filter((one) => mine.has(one)).map((one) => `${server}/${one}`)]
}

/** Whether two say the same, however they are written. */
export function isSame(one: Setup, other: Setup): boolean {
  return canonical(one) === canonical(other)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}

function templateOf(parameters: Parameters): Record<string, unknown> {
  const template = parameters[TEMPLATE]
  return typeof template === 'object' && template !== null ? (template as Record<string, unknown>) : {}
}

function without(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
