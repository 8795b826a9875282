// What a person can do from any page. A refusal becomes a toast with the studio's own sentence.
import { api, Refusal } from '../api/client'
import type { RecipeView } from '../api/types'
import { confirm } from '../confirm.svelte'
import { t } from '../i18n/index.svelte'
import { toasts } from '../toasts.svelte'
import { studio } from './studio.svelte'

export async function switchTo(recipe: RecipeView, force = false): Promise<void> {
  if (recipe.state === 'ready' && studio.status?.active === recipe.id) return
  const running = studio.status?.in_flight ?? 0
  if (force && running > 0) {
    const sure = await confirm({
      title: t('confirm.cut', { n: running }),
      text: t('confirm.cut.text'),
      action: t('confirm.cut.action'),
    })
    if (!sure) return
  }
  studio.pending = recipe.id
  await attempt(() => api.switchTo(recipe.id, force))
  setTimeout(() => {
    if (studio.pending === recipe.id) studio.pending = null // it was so already: no status will tell
  }, 2000)
}

export async function evict(recipeId: string): Promise<void> {
  await attempt(() => api.evict(recipeId))
}

/** Ends a change that waits for running requests, by cutting them. */
export async function cutNow(): Promise<void> {
  const change = studio.status?.switch
  const running = change?.in_flight ?? studio.status?.in_flight ?? 0
  if (!change) return
  const sure = await confirm({
    title: t('confirm.cut', { n: running }),
    text: t('confirm.cut.text'),
    action: t('confirm.cut.action'),
  })
  if (!sure) return
  const { kind, target } = change
  await attempt(async () => {
    await api.cancel(target)
    if (kind === 'evict') await api.evict(target, true)
    else if (target) await api.switchTo(target, true)
  })
}

export async function cancelChange(): Promise<void> {
  await attempt(() => api.cancel(studio.status?.switch?.target ?? null))
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
    studio.pending = null
    toasts.bad(sentenceOf(error), error instanceof Refusal ? (error.problem.next_action ?? '') : '')
    return false
  }
}

export function sentenceOf(error: unknown): string {
  return error instanceof Refusal ? error.message : t('error.unreachable')
}
