// Which fields of a recipe are shown, found by what is typed, and where their values come from. Pure.
// The fields themselves are the server's (`GET /api/recipes/fields`); there is no second table here.
import type { EngineKind, FieldInfo, FieldProblem, Recipe } from '../../lib/api/types'
import { same } from './draft'

/** `changed`: not saved yet. `recipe`: saved. `engine`: left to the engine. `default`: the studio's. */
export type Source = 'changed' | 'recipe' | 'engine' | 'default'

const ALWAYS: readonly string[] = ['id', 'name', 'engine', 'model', 'served_name']
const OF_A_COMMAND: readonly string[] = ['id', 'name', 'engine', 'command', 'health_path', 'served_name']

export const engineOf = (recipe: Recipe): EngineKind => (recipe['engine'] as EngineKind | undefined) ?? 'vllm'

export function sourceOf(field: FieldInfo, recipe: Recipe, saved: Recipe | null): Source {
  if (saved && !same(recipe[field.name], saved[field.name])) return 'changed'
  if (recipe[field.name] !== undefined) return 'recipe'
  return left(field, engineOf(recipe)) ? 'engine' : 'default'
}

/** Unset, it becomes no flag, and the engine does as it does. The name is always said: the id. */
export function left(field: FieldInfo, engine: EngineKind): boolean {
  return field.name !== 'served_name' && field.default === null && (field.flags[engine]?.length ?? 0) > 0
}

export interface Group {
  name: string
  shown: readonly FieldInfo[]
  /** How many more the group has for this engine. */
  more: number
}

export interface Wanted {
  recipe: Recipe
  saved: Recipe | null
  /** What is typed in the search box. */
  search: string
  /** Groups that are shown whole. */
  whole: ReadonlySet<string>
  problems: readonly FieldProblem[]
  /** Whether a field matches what is typed. */
  matches: (field: FieldInfo) => boolean
}

/** Every group that has something for this engine, in the server's order. */
export function grouped(fields: readonly FieldInfo[], wanted: Wanted): Group[] {
  const names = [...new Set(fields.map((field) => field.group))]
  return names
    .map((name) => {
      const ofGroup = fields.filter((field) => field.group === name && isFor(field, wanted))
      const shown = ofGroup.filter((field) => isShown(field, wanted))
      return { name, shown, more: ofGroup.length - shown.length }
    })
    .filter(({ shown, more }) => shown.length > 0 || (wanted.search === '' && more > 0))
}

/** A field of another engine is there only while it is set: it has no effect, and the server says so. */
function isFor(field: FieldInfo, { recipe, saved }: Wanted): boolean {
  return field.engines.includes(engineOf(recipe)) || isSet(field, recipe) || isSet(field, saved)
}

const isSet = (field: FieldInfo, recipe: Recipe | null): boolean => recipe?.[field.name] !== undefined

function isShown(field: FieldInfo, { recipe, saved, search, whole, problems, matches }: Wanted): boolean {
  if (search !== '') return matches(field)
  const always = engineOf(recipe) === 'command' ? OF_A_COMMAND : ALWAYS
  return (
    whole.has(field.group) ||
    always.includes(field.name) ||
    isSet(field, recipe) ||
    isSet(field, saved) ||
    problems.some((problem) => fieldNamed(problem.field) === field.name)
  )
}

/** All that a field may be looked for by, but for its words in the person's language. */
export function namesOf(field: FieldInfo, engine: EngineKind): string[] {
  const flags = field.flags[engine] ?? []
  return [field.name, ...field.also, ...flags, ...flags.map((flag) => flag.replaceAll('-', '_'))]
}

/** What may be chosen or is offered while typing. */
export function offersOf(field: FieldInfo, engine: EngineKind): readonly string[] {
  return field.suggestions_by_engine[engine] ?? field.suggestions
}

/** The server names a field as "env.TOKEN" or "loras[0].path"; the form has the first part. */
export function fieldNamed(path: string | null | undefined): string {
  return (path ?? '').split(/[.[]/)[0] ?? ''
}

/** "loras[0].path" is the id of the control that it is typed in. */
export function controlId(path: string): string {
  return `field-${path.replace(/[^a-z0-9_]+/gi, '-').replace(/-$/, '')}`
}
