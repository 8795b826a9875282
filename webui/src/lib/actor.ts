// Who asked, in words: "window", "command line", "key laptop".
import type { Key } from './i18n/words'
import { t } from './i18n/index.svelte'
import { keyNames } from './store/keynames.svelte'

const KNOWN = new Set(['tray', 'window', 'cli', 'api', 'gateway', 'system'])

export function actorName(actor: string): string {
  if (actor.startsWith('key:')) return t('actor.key', { id: keyNames.of(actor.slice(4)) })
  return KNOWN.has(actor) ? t(`actor.${actor}` as Key) : actor
}
