// The most used fields of a recipe as a form: one table, and the way from a recipe to texts and back. Pure.
//
// What the form does not show is kept as it was. An empty field means "the engine's own default" and is
// left out, so that only what is set becomes a flag. Whether a value is right is for the server to say.
import type { EngineKind, Recipe } from '../../lib/api/types'
import type { Key } from '../../lib/i18n/words'

type Shape = 'text' | 'number' | 'flag' | 'maybe' | 'choice' | 'words' | 'numbers' | 'lines' | 'pairs' | 'prose'

export interface Field {
  name: string
  shape: Shape
  unit?: Key
  mono?: boolean
  choices?: readonly string[]
  /** Shown while it is empty; the engine's default when not given and engines are. */
  hint?: string
  /** Offered while typing; anything else is allowed too. */
  offers?: readonly string[]
  engines?: readonly EngineKind[]
  help?: boolean
  wide?: boolean
}

export interface Group {
  title: Key
  fields: readonly Field[]
}

export const ENGINES: readonly EngineKind[] = ['vllm', 'sglang', 'transformers', 'command']
const GPU: readonly EngineKind[] = ['vllm', 'sglang']
const SERVERS: readonly EngineKind[] = ['vllm', 'sglang', 'transformers']
const DTYPES = ['auto', 'bfloat16', 'float16', 'float32']
const KV_TYPES = ['auto', 'fp8', 'fp8_e4m3', 'fp8_e5m2']
const QUANTISATIONS = ['awq', 'gptq', 'fp8', 'bitsandbytes', 'compressed-tensors', 'gguf']

export const GROUPS: readonly Group[] = [
  {
    title: 'group.who',
    fields: [
      { name: 'id', shape: 'text', mono: true, help: true },
      { name: 'name', shape: 'text', help: true },
      { name: 'notes', shape: 'prose', wide: true },
    ],
  },
  {
    title: 'group.what',
    fields: [
      { name: 'engine', shape: 'choice', choices: ENGINES },
      { name: 'runtime', shape: 'text', mono: true, engines: SERVERS, help: true },
      { name: 'model', shape: 'text', mono: true, wide: true, help: true },
      { name: 'command', shape: 'lines', engines: ['command'], wide: true, help: true },
    ],
  },
  {
    title: 'group.called',
    fields: [
      { name: 'served_name', shape: 'text', mono: true, help: true },
      { name: 'aliases', shape: 'words', mono: true, help: true },
      { name: 'unlisted', shape: 'flag', wide: true },
    ],
  },
  {
    title: 'group.devices',
    fields: [
      { name: 'tensor_parallel', shape: 'number', engines: GPU },
      { name: 'devices', shape: 'numbers', mono: true, help: true },
    ],
  },
  {
    title: 'group.memory',
    fields: [
      { name: 'context_length', shape: 'number', unit: 'unit.tokens', engines: GPU },
      { name: 'memory_fraction', shape: 'number', engines: GPU, help: true },
      { name: 'quantization', shape: 'text', mono: true, offers: QUANTISATIONS, engines: GPU },
      { name: 'dtype', shape: 'text', mono: true, offers: DTYPES, engines: SERVERS },
      { name: 'kv_cache_dtype', shape: 'text', mono: true, offers: KV_TYPES, engines: GPU },
      { name: 'kv_cache_gib', shape: 'number', unit: 'unit.gib', engines: ['vllm'] },
      { name: 'enforce_eager', shape: 'flag', engines: GPU, wide: true },
    ],
  },
  {
    title: 'group.behaviour',
    fields: [
      { name: 'max_sequences', shape: 'number', engines: GPU },
      { name: 'prefix_caching', shape: 'maybe', engines: GPU },
      { name: 'tool_call_parser', shape: 'text', mono: true, engines: GPU },
      { name: 'reasoning_parser', shape: 'text', mono: true, engines: GPU },
      { name: 'chat_template', shape: 'text', mono: true, engines: SERVERS, wide: true, help: true },
      { name: 'trust_remote_code', shape: 'flag', engines: SERVERS, wide: true, help: true },
    ],
  },
  {
    title: 'group.life',
    fields: [
      { name: 'ttl_s', shape: 'number', unit: 'unit.s', help: true },
      { name: 'load_timeout_s', shape: 'number', unit: 'unit.s', hint: '900' },
      { name: 'pinned', shape: 'flag' },
      { name: 'preload', shape: 'flag' },
    ],
  },
  {
    title: 'group.more',
    fields: [
      { name: 'extra_args', shape: 'lines', wide: true, help: true },
      { name: 'env', shape: 'pairs', wide: true, help: true },
    ],
  },
]

export const FIELDS: readonly Field[] = GROUPS.flatMap((group) => group.fields)

/** The texts in the form, by field. A flag is "true" or "". */
export type Draft = Record<string, string>

export function draftOf(recipe: Recipe): Draft {
  return Object.fromEntries(
    FIELDS.map(({ name, shape }) => {
      const value = recipe[name]
      return [name, shape === 'maybe' && value === false ? 'off' : textOf(value)]
    }),
  )
}

function textOf(value: unknown): string {
  if (value === null || value === undefined || value === false) return ''
  if (Array.isArray(value)) {
    return value.join(value.every((item) => typeof item === 'number') ? ', ' : '\n')
  }
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([name, text]) => `${name}=${String(text)}`)
      .join('\n')
  }
  return String(value)
}

/** The texts a field begins with: aliases and devices stand in one line. */
export function shown(field: Field, text: string): string {
  return field.shape === 'words' || field.shape === 'numbers' ? text.split('\n').filter(Boolean).join(', ') : text
}

export function recipeOf(draft: Draft, before: Recipe): Recipe {
  const recipe: Recipe = { ...before }
  for (const field of FIELDS) {
    const value = valueOf(field, draft[field.name] ?? '', before[field.name])
    if (value === undefined) delete recipe[field.name]
    else recipe[field.name] = value
  }
  recipe.id = (draft['id'] ?? '').trim()
  return recipe
}

function valueOf(field: Field, text: string, before: unknown): unknown {
  const trimmed = text.trim()
  switch (field.shape) {
    case 'flag':
      return text === 'true' ? true : undefined
    case 'maybe':
      if (text === 'true') return true
      return text === 'off' ? false : undefined
    case 'number':
      return trimmed === '' ? undefined : numberOr(trimmed)
    case 'numbers':
      return list(trimmed, /[\s,]+/)?.map(numberOr)
    case 'words':
      return list(trimmed, /[\s,]+/)
    case 'lines':
      return list(text, /\n/)
    case 'pairs':
      return pairs(text)
    case 'choice':
      return trimmed === '' || (trimmed === 'vllm' && before === undefined) ? undefined : trimmed
    default:
      return trimmed === '' ? undefined : trimmed
  }
}

/** What is not a number stays a text, so that the server can say what is wrong with it. */
function numberOr(text: string): number | string {
  const value = Number(text.replace(/[\s_]/g, ''))
  return Number.isFinite(value) && text !== '' ? value : text
}

function list(text: string, separator: RegExp): string[] | undefined {
  const items = text.split(separator).map((item) => item.trim()).filter(Boolean)
  return items.length > 0 ? items : undefined
}

function pairs(text: string): Record<string, string> | undefined {
  const lines = list(text, /\n/)
  if (!lines) return undefined
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', ...rest] = line.split('=')
      return [name.trim(), rest.join('=')]
    }),
  )
}

/** The server names a field as "env.TOKEN" or "loras[0].path"; the form has the first part. */
export function fieldNamed(path: string | null | undefined): string {
  return (path ?? '').split(/[.[]/)[0] ?? ''
}

/** The recipe as TOML, only what is set. */
export function toToml(recipe: Recipe): string {
  const lines: string[] = []
  const tables: string[] = []
  for (const [name, value] of Object.entries(recipe)) {
    if (value === null || value === undefined || value === '') continue
    if (typeof value === 'object' && !Array.isArray(value)) {
      tables.push('', `[${name}]`)
      for (const [key, item] of Object.entries(value)) tables.push(`${key} = ${toml(item)}`)
    } else lines.push(`${name} = ${toml(value)}`)
  }
  return [...lines, ...tables].join('\n')
}

function toml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toml).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const items = Object.entries(value).map(([key, item]) => `${key} = ${toml(item)}`)
    return `{ ${items.join(', ')} }`
  }
  return JSON.stringify(value)
}
