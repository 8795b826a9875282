// What a model's state means for a person: what can be done with it now, and how long it takes. Pure.
import type { RecipeView, Status, SwitchView } from './api/types'
import { duration } from './format'
import type { Key } from './i18n/words'

/** switch: make it the resident one · wake, restart: the same, as people call it · load: beside what is there. */
export type Action = 'switch' | 'wake' | 'restart' | 'load' | 'sleep' | 'cancel' | 'evict'

export const isLoading = (recipe: RecipeView): boolean =>
  recipe.state === 'loading' || recipe.state === 'starting'

/** Holds memory, or will: there is something to evict. */
export const isThere = (recipe: RecipeView): boolean =>
  ['ready', 'asleep', 'left-alone'].includes(recipe.state) || isLoading(recipe)

/** The likeliest first. */
export function actionsOf(recipe: RecipeView, status: Status): readonly Action[] {
  switch (recipe.state) {
    case 'ready': {
      const bring: Action[] = recipe.changed ? ['restart'] : recipe.id === status.active ? [] : ['switch']
      return [...bring, ...(recipe.can_sleep ? (['sleep'] as const) : []), 'evict']
    }
    case 'asleep':
      return [recipe.changed ? 'restart' : 'wake', 'evict']
    case 'starting':
    case 'loading':
      return ['cancel']
    case 'left-alone':
      return ['switch', 'evict']
    case 'stopping':
      return []
    case 'stopped':
    case 'failed':
      return changeOf(status, recipe.id) ? ['cancel'] : ['switch', 'load']
  }
}

/** The change under way to a recipe. */
export function changeOf(status: Status, recipeId: string | null): SwitchView | null {
  return status.switches.find((change) => change.target === recipeId) ?? null
}

/** Changes in the order they began, the one to show first in front. */
export function changesOf(status: Status): readonly SwitchView[] {
  const all = status.switches.length > 0 ? status.switches : status.switch ? [status.switch] : []
  return [...all].sort((a, b) => a.since - b.since)
}

/** How long bringing it would take from here, in seconds; null: nobody knows. */
export const expected = (recipe: RecipeView): number | null =>
  recipe.state === 'asleep' ? recipe.expected_s : (recipe.expected_s ?? recipe.last_load_s)

type Say = (key: Key, values?: Record<string, string | number>) => string

/** What remains of a load: never a number that pretends, nothing when nobody knows. */
export function timeLeft(of: { eta_s: number | null; late: boolean }, say: Say, locale: string): string {
  if (of.late) return say('eta.late')
  if (of.eta_s === null) return ''
  if (of.eta_s < 2) return say('eta.almost')
  return say('eta.left', { time: duration(rounded(of.eta_s), locale) })
}

/** As exact as such a guess can be: seconds, then five of them, then minutes. */
export function rounded(seconds: number): number {
  if (seconds < 10) return Math.round(seconds)
  if (seconds < 90) return 5 * Math.round(seconds / 5)
  return 60 * Math.max(2, Math.round(seconds / 60))
}

/** The server's reasons are clauses; where they stand alone they are sentences. Ids and flags stay as they are. */
export function asSentence(text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') return ''
  const word = /^[a-z]+(?=[\s,:;]|$)/.test(trimmed)
  const stop = /[.!?。！？]$/.test(trimmed) ? '' : /[\u3400-\u9fff）”]$/.test(trimmed) ? '。' : '.'
  return (word ? trimmed[0]!.toUpperCase() + trimmed.slice(1) : trimmed) + stop
}
