// The keyboard: Ctrl/⌘ K anywhere; single keys only while nobody is typing.
import { router, type Page } from '../lib/router.svelte'
import { toasts } from '../lib/toasts.svelte'
import { overlay } from './overlay.svelte'

export const GO: Readonly<Record<string, Page>> = {
  d: 'dashboard',
  c: 'chat',
  i: 'research',
  r: 'recipes',
  u: 'usage',
  l: 'logs',
  t: 'timeline',
  e: 'endpoint',
  m: 'tools',
  k: 'keys',
  s: 'settings',
}
const SECOND_KEY_MS = 1200

export const MAC = /Mac|iPhone|iPad/.test(navigator.userAgent)
export const PALETTE_KEYS = MAC ? '⌘ K' : 'Ctrl K'

/** When G was pressed; never, or already followed. */
const NEVER = -Infinity
let waitingSince = NEVER

export function onkeydown(event: KeyboardEvent): void {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
    event.preventDefault()
    overlay.toggle('palette')
    return
  }
  if (overlay.open === 'palette' && !document.querySelector('dialog[open]')) {
    return done(event, () => overlay.keep(event))
  }
  if (isTyping(event) || overlay.open || document.querySelector('dialog[open]')) return
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'z') {
    if (toasts.act()) event.preventDefault()
    return
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const key = event.key.toLowerCase()
  const page = performance.now() - waitingSince < SECOND_KEY_MS ? GO[key] : undefined
  waitingSince = NEVER
  if (page) return done(event, () => router.go(page))
  if (key === 'g') waitingSince = performance.now()
  else if (key === '?') done(event, () => overlay.toggle('keys'))
  else if (key === 'n') done(event, newChat)
  else if (key === '/') done(event, () => document.querySelector<HTMLElement>('[data-filter]')?.focus())
  else if (key === 'j' || key === 'k') moveRow(event, key === 'j' ? 1 : -1)
}

export function newChat(): void {
  router.go('chat', 'new')
}

/** J and K walk the rows of the page's list, wherever it is. */
function moveRow(event: KeyboardEvent, step: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  if (rows.length === 0) return
  const at = rows.indexOf(document.activeElement as HTMLElement)
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step
  done(event, () => rows[Math.max(0, Math.min(rows.length - 1, next))]?.focus())
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null
  return !!target?.closest('input:not([type=checkbox]), textarea, select, [contenteditable]')
}

function done(event: KeyboardEvent, action: () => void): void {
  event.preventDefault()
  action()
}
