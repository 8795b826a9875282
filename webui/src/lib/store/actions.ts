// What a person can do from any page. A refusal becomes a toast with the studio's own sentence.
import { api, Refusal } from '../api/client'
import type { Patch, RecipeView, RunningRequest, SwitchView } from '../api/types'
import { confirm } from '../confirm.svelte'
import { patched } from '../fit'
import { t, told } from '../i18n/index.svelte'
import type { Action } from '../lifecycle'
import { toasts } from '../toasts.svelte'
import { studio, type Wish } from './studio.svelte'

export async function switchTo(recipe: RecipeView, force = false): Promise<void> {
  const there = recipe.state === 'ready' && studio.status?.active === recipe.id
  if (there && !recipe.changed) return
  const running = studio.status?.in_flight ?? 0
  if (force && running > 0 && !(await sureToCut(running))) return
  await bring(recipe.id, () => api.switchTo(recipe.id, force))
}

export async function load(recipe: RecipeView): Promise<void> {
  await bring(recipe.id, () => api.load(recipe.id))
}

async function bring(recipeId: string, ask: () => Promise<unknown>): Promise<void> {
  studio.pending = recipeId
  await attempt(ask)
  setTimeout(() => {
    if (studio.pending === recipeId) studio.pending = null // it was so already: no status will tell
  }, 2000)
}

/** One of `actionsOf`. */
export async function act(action: Action, recipe: RecipeView): Promise<void> {
  switch (action) {
    case 'switch':
    case 'wake':
    case 'restart':
      return switchTo(recipe)
    case 'load':
      return load(recipe)
    case 'sleep':
      await attempt(() => api.sleep(recipe.id))
      return
    case 'cancel':
      return cancelChange(recipe.id)
    case 'evict':
      return evict(recipe.id)
  }
}

export async function evict(recipeId: string): Promise<void> {
  await attempt(() => api.evict(recipeId))
}

/** Ends a change that waits for running requests, by cutting them. */
export async function cutNow(change: SwitchView): Promise<void> {
  if (!(await sureToCut(change.in_flight))) return
  const { kind, target } = change
  await attempt(async () => {
    await api.cancel(target)
    if (kind === 'evict') await api.evict(target, true)
    else if (target) await api.switchTo(target, true)
  })
}

const sureToCut = (running: number): Promise<boolean> =>
  confirm({
    title: t('confirm.cut', { n: running }),
    text: t('confirm.cut.text'),
    action: t('confirm.cut.action'),
  })

export async function cancelChange(target: string | null): Promise<void> {
  await attempt(() => api.cancel(target))
}

/** What waits is simply given up; what runs is cut, so that is asked first. */
export async function cancelRequest(request: RunningRequest): Promise<void> {
  if (request.state === 'running') {
    const sure = await confirm({
      title: t('confirm.request', { name: request.model }),
      text: t('confirm.request.text'),
      action: t('confirm.request.action'),
    })
    if (!sure) return
  }
  await attempt(() => api.cancelRequest(request.request_id))
}

/** Writes a change into a recipe and switches to it; the toast takes the change back. */
export async function applyAndSwitch(recipe: RecipeView, patch: Patch): Promise<void> {
  await attempt(async () => {
    const before = await api.recipe(recipe.id)
    const after = await api.reviseRecipe(patched(before.recipe, patch), before.revision)
    const revision = after?.revision ?? before.revision + 1
    toasts.say(t('recipes.saved.toast', { name: recipe.name || recipe.id }), {
      label: t('action.undo'),
      run: () => void attempt(() => api.reviseRecipe(before.recipe, revision)),
    })
    await api.switchTo(recipe.id)
  })
}

export async function setUpDemo(): Promise<void> {
  await attempt(() => api.setUpDemo())
}

/** Runs an action; what goes wrong is said once, here. Returns whether it went well. */
export async function attempt(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action()
    return true
  } catch (error) {
    toasts.bad(sentenceOf(error), error instanceof Refusal ? told(error.problem.next_action) : '')
    return false
  }
}

export function sentenceOf(error: unknown): string {
  return error instanceof Refusal ? told(error.message) : t('error.unreachable')
}
