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
  await wish(recipe.id, 'switch', () => api.switchTo(recipe.id, force))
}

export async function load(recipe: RecipeView): Promise<void> {
  await wish(recipe.id, 'load', () => api.load(recipe.id))
}

/** Shown at once, and taken back when the studio refuses. */
async function wish(
  recipeId: string,
  action: Wish['action'],
  ask: () => Promise<unknown>,
  patch?: Wish['patch'],
): Promise<boolean> {
  const shown = studio.wish(recipeId, patch ? { action, patch } : { action })
  const went = await attempt(ask)
  if (went) shown.sent()
  else shown.refused()
  return went
}

/** The same for what can be taken back: the toast is there at once, and gone when it was refused. */
export async function withUndo(said: string, undo: () => unknown, doing: Promise<boolean>): Promise<void> {
  let asked = false
  const run = async (): Promise<void> => {
    asked = true
    if (await doing) await undo()
  }
  const toast = toasts.say(said, { label: t('action.undo'), run: () => void run() })
  if (!(await doing) && !asked) toasts.close(toast)
}

const nameOf = (recipe: RecipeView): string => recipe.name || recipe.id

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
      return withUndo(
        t('toast.sleep', { name: nameOf(recipe) }),
        () => comeBack(recipe),
        wish(recipe.id, 'sleep', () => api.sleep(recipe.id)),
      )
    case 'cancel':
      return cancelChange(recipe.id)
    case 'evict':
      return evict(recipe)
  }
}

export async function evict(recipe: RecipeView): Promise<void> {
  await withUndo(
    t('toast.evict', { name: nameOf(recipe) }),
    () => comeBack(recipe),
    wish(recipe.id, 'evict', () => api.evict(recipe.id)),
  )
}

/** As it was before it was sent away: while that still waits it is given up, else it is brought again. */
async function comeBack(was: RecipeView): Promise<void> {
  const now = studio.recipe(was.id)
  const leaving = studio.status?.switches.some((change) => change.target === was.id && change.kind === 'evict')
  if (leaving && now?.state === was.state) return cancelChange(was.id)
  if (studio.status?.active === null) return switchTo(now ?? was)
  await load(now ?? was)
}

/** Keeps it in memory whatever else is asked for, or no longer. */
export async function pin(recipe: RecipeView, pinned = !recipe.pinned): Promise<void> {
  const name = nameOf(recipe)
  await amend(recipe, { pinned }, t(pinned ? 'toast.pin' : 'toast.unpin', { name }), { pinned })
}

/** Requests to it go straight to its engine, without what LiteLLM gives. */
export async function goDirect(recipe: RecipeView): Promise<void> {
  await amend(recipe, { lane: 'direct' }, t('toast.direct', { name: nameOf(recipe) }))
}

/** Writes a change into a recipe; the toast takes it back. `shown` of it is seen at once. */
async function amend(recipe: RecipeView, patch: Patch, said: string, shown?: Wish['patch']): Promise<void> {
  let undo = async (): Promise<unknown> => undefined
  const doing = wish(
    recipe.id,
    'pin',
    async () => {
      const before = await api.recipe(recipe.id)
      const after = await api.reviseRecipe(patched(before.recipe, patch), before.revision)
      undo = () => attempt(() => api.reviseRecipe(before.recipe, after?.revision ?? before.revision + 1))
    },
    shown,
  )
  await withUndo(said, () => undo(), doing)
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
  if (target === null) await attempt(() => api.cancel(null))
  else await wish(target, 'cancel', () => api.cancel(target))
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
    toasts.say(t('toast.saved', { name: nameOf(recipe) }), {
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
