// Where one can go, in the order of the sidebar. A phone has room for the first few.
import type { Page } from '../lib/router.svelte'
import { GO } from './keys'

export interface Group {
  title: 'nav.observe' | 'nav.manage' | null
  pages: readonly Page[]
}

export const GROUPS: readonly Group[] = [
  { title: null, pages: ['dashboard', 'chat', 'research', 'recipes'] },
  { title: 'nav.observe', pages: ['usage', 'logs', 'timeline'] },
  { title: 'nav.manage', pages: ['endpoint', 'tools', 'keys', 'settings'] },
]
/** What stands in the bar where there is no room for a sidebar. */
export const NEAREST: ReadonlySet<Page> = new Set(['dashboard', 'chat', 'recipes'])

/** "G D": how the keyboard gets there. */
export function keysTo(page: Page): string {
  const letter = Object.entries(GO).find(([, other]) => other === page)?.[0]
  return letter ? `G ${letter.toUpperCase()}` : ''
}
