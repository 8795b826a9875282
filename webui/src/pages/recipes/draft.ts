// The way from a recipe to what is typed in a form and back, by the kind of each field. Pure.
//
// An empty field means "the default" and is left out, so that only what is set becomes a flag. Whether a
// value is right is for the server to say: what can not be read stays as it was typed.
import type { FieldInfo, Recipe } from '../../lib/api/types'

export type DraftRow = Record<string, string>
/** A text, the texts of a table, or of a list of tables. A switch is "true" or "". */
export type DraftValue = string | DraftRow | DraftRow[]
export type Draft = Record<string, DraftValue>

export function draftOf(fields: readonly FieldInfo[], recipe: Recipe): Draft {
  return Object.fromEntries(fields.map((field) => [field.name, typedOf(field, recipe[field.name])]))
}

/** What the fields do not know of is kept as it was. */
export function recipeOf(fields: readonly FieldInfo[], draft: Draft, before: Recipe): Recipe {
  const recipe: Recipe = { ...before }
  for (const field of fields) {
    const value = valueOf(field, draft[field.name] ?? '')
    if (value === undefined || same(value, field.default)) delete recipe[field.name]
    else recipe[field.name] = value
  }
  recipe.id = textIn(draft, 'id').trim()
  return recipe
}

export const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

export function textIn(draft: Draft, name: string): string {
  const typed = draft[name]
  return typeof typed === 'string' ? typed : ''
}

function typedOf(field: FieldInfo, value: unknown): DraftValue {
  switch (field.kind) {
    case 'parts':
      return rowOf(value)
    case 'rows':
      return Array.isArray(value) ? value.map(rowOf) : []
    case 'presets':
      return Object.entries((value ?? {}) as Record<string, unknown>).map(([name, parameters]) => ({
        name,
        parameters: parametersOf(parameters),
      }))
    case 'choice':
      return textOf(value ?? field.default)
    case 'switch':
      return value === true ? 'true' : ''
    case 'maybe':
      return value === true ? 'true' : value === false ? 'off' : ''
    case 'names':
    case 'devices':
      return Array.isArray(value) ? value.join(', ') : textOf(value)
    case 'lines':
      return Array.isArray(value) ? value.join('\n') : textOf(value)
    case 'variables':
      return Object.entries((value ?? {}) as Record<string, string>)
        .map(([name, text]) => `${name}=${text}`)
        .join('\n')
    case 'parameters':
      return parametersOf(value)
    default:
      return textOf(value)
  }
}

const textOf = (value: unknown): string => (value === null || value === undefined ? '' : String(value))

function rowOf(value: unknown): DraftRow {
  return Object.fromEntries(
    Object.entries((value ?? {}) as Record<string, unknown>).map(([name, one]) => [name, textOf(one)]),
  )
}

const parametersOf = (value: unknown): string =>
  Object.entries((value ?? {}) as Record<string, unknown>)
    .map(([name, one]) => `${name} = ${JSON.stringify(one)}`)
    .join('\n')

/** undefined: nothing is said. */
export function valueOf(field: FieldInfo, typed: DraftValue): unknown {
  if (typeof typed !== 'string') {
    return Array.isArray(typed) ? tablesOf(field, typed) : tableOf(field, typed)
  }
  const text = typed.trim()
  switch (field.kind) {
    case 'switch':
      return text === 'true' ? true : undefined
    case 'maybe':
      return text === 'true' ? true : text === 'off' ? false : undefined
    case 'whole':
    case 'number':
      return text === '' ? undefined : numberOr(text)
    case 'devices':
      return list(text, /[\s,]+/)?.map(numberOr)
    case 'names':
      return list(text, /[\s,]+/)
    case 'lines':
      return list(typed, /\n/)
    case 'variables':
      return pairs(typed, '=', (value) => value)
    case 'parameters':
      return pairs(typed, '=', plainOf)
    case 'prose':
      return text === '' ? undefined : typed
    default:
      return text === '' ? undefined : text
  }
}

function tableOf(field: FieldInfo, row: DraftRow): unknown {
  const said = field.parts
    .map((part): [string, unknown] => {
      const text = (row[part.name] ?? '').trim()
      if (text === '') return [part.name, undefined]
      return [part.name, part.kind === 'text' ? text : numberOr(text)]
    })
    .filter(([, value]) => value !== undefined)
  return said.length > 0 ? Object.fromEntries(said) : undefined
}

/** A row that nobody typed in yet is not there; in others an empty part is said, for the server to judge. */
function tablesOf(field: FieldInfo, rows: readonly DraftRow[]): unknown {
  const typed = rows.filter((row) => Object.values(row).some((text) => text.trim() !== ''))
  if (typed.length === 0) return undefined
  if (field.kind === 'presets') {
    return Object.fromEntries(
      typed.map((row) => [(row['name'] ?? '').trim(), pairs(row['parameters'] ?? '', '=', plainOf) ?? {}]),
    )
  }
  return typed.map((row) =>
    Object.fromEntries(field.parts.map((part) => [part.name, (row[part.name] ?? '').trim()])),
  )
}

/** What is not a number stays a text, so that the server can say what is wrong with it. */
function numberOr(text: string): number | string {
  const value = Number(text.replace(/[\s_]/g, ''))
  return Number.isFinite(value) && text !== '' ? value : text
}

function plainOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

function list(text: string, separator: RegExp): string[] | undefined {
  const items = text.split(separator).map((item) => item.trim()).filter(Boolean)
  return items.length > 0 ? items : undefined
}

function pairs<T>(text: string, sign: string, read: (value: string) => T): Record<string, T> | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  if (lines.length === 0) return undefined
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(sign)
      const [name, value] = at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + sign.length)]
      return [name.trim(), read(value.trim())]
    }),
  )
}
