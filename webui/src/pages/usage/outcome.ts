// How a request ended, in words.
import { t, words } from '../../lib/i18n/index.svelte'

export function outcomeName(outcome: string): string {
  const key = `usage.outcome.${outcome}`
  return words.has(key) ? t(key) : outcome
}
