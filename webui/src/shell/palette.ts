// What the quick switch can find. Pure.
import type { RecipeView } from '../lib/api/types'

export interface Entry {
  id: string
  group: 'palette.models' | 'palette.pages' | 'palette.actions'
  words: readonly string[]
  label: string
  keys?: string
  recipe?: RecipeView
  /** `now`: cutting what runs; `beside`: evicting nothing. */
  run: (now: boolean, beside: boolean) => unknown
}

/** Every typed word must occur in one of the names, anywhere and in any case. */
export function matches(names: readonly string[], typed: string): boolean {
  const haystack = names.join('\n').toLowerCase()
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => haystack.includes(word))
}

/** Where Enter would most likely be meant: asleep, else stopped, else whatever it would change something about. */
export function likeliest(recipes: readonly Pick<RecipeView, 'state' | 'blocked'>[]): number {
  const tries: ((recipe: Pick<RecipeView, 'state' | 'blocked'>) => boolean)[] = [
    ({ state }) => state === 'asleep',
    ({ state, blocked }) => state === 'stopped' && !blocked,
    ({ state }) => state !== 'ready',
  ]
  return tries.map((meant) => recipes.findIndex(meant)).find((at) => at >= 0) ?? 0
}
