// A change under way in words, for the hero and the list of changes.
import type { SwitchView } from '../../lib/api/types'
import { t } from '../../lib/i18n/index.svelte'
import { studio } from '../../lib/store/studio.svelte'

export function nameOf(recipeId: string | null): string {
  if (recipeId === null) return t('changes.everything')
  return studio.recipe(recipeId)?.name || recipeId
}

/** What it does at this moment. */
export function stepOf(change: SwitchView): string {
  if (change.step === 'draining') {
    return change.in_flight > 0 ? t('step.draining.n', { n: change.in_flight }) : t('step.draining')
  }
  if (change.step === 'evicting') return t('step.evicting')
  return t('step.starting', { name: nameOf(change.target) })
}

/** What it is for. */
export function aimOf(change: SwitchView): string {
  const name = nameOf(change.target)
  if (change.kind === 'evict') return change.target ? t('step.evict', { name }) : t('step.evict.all')
  return t(change.kind === 'load' ? 'step.load' : 'step.switch', { name })
}
