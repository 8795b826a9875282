// Search providers by the names that people know.
import { t, words } from '../../lib/i18n/index.svelte'

export function providerWord(name: string): string {
  const key = `research.provider.${name}`
  return words.has(key) ? t(key) : name
}
