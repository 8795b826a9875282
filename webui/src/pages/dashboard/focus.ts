// Which model the dashboard speaks about. Pure.
import type { RecipeView, Status } from '../../lib/api/types'

/** What is being changed to; else what is resident; else what just failed; else nothing. */
export function subject(status: Status): RecipeView | null {
  const byId = (id: string | null | undefined): RecipeView | null =>
    status.recipes.find((recipe) => recipe.id === id) ?? null
  const change = status.switch
  if (change && change.kind !== 'evict' && change.target) return byId(change.target)
  if (change?.kind === 'evict') return byId(change.target) ?? byId(status.active)
  const stateIs = (...states: string[]): RecipeView | null =>
    status.recipes.find((recipe) => states.includes(recipe.state)) ?? null
  return (
    byId(status.active) ??
    stateIs('loading', 'starting', 'stopping') ??
    (status.state === 'failed' ? stateIs('failed') : null) ??
    stateIs('asleep') ??
    stateIs('left-alone')
  )
}
