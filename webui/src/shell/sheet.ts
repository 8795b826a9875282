// What the keys do, page by page, for the sheet that "?" opens. A page that listens to a key says so here.
import type { Key } from '../lib/i18n/words'
import type { Page } from '../lib/router.svelte'
import { GO, MAC, PALETTE_KEYS } from './keys'

/** Keys pressed one after the other, and what they do. Alternatives stand in one string. */
export interface Line {
  keys: readonly string[]
  what: Key
  page?: Page
}

export const ctrl = (key: string): string => (MAC ? `⌘ ${key}` : `Ctrl ${key}`)
export const shift = (key: string): string => (MAC ? `⇧ ${key}` : `Shift ${key}`)
export const alt = (key: string): string => (MAC ? `⌥ ${key}` : `Alt ${key}`)

export const EVERYWHERE: readonly Line[] = [
  { keys: [PALETTE_KEYS], what: 'keyboard.palette' },
  { keys: ['N'], what: 'keyboard.new.chat' },
  { keys: ['/'], what: 'keyboard.filter' },
  { keys: ['J K'], what: 'keyboard.rows' },
  { keys: [ctrl('Z')], what: 'keyboard.undo' },
  { keys: ['?'], what: 'keyboard.sheet' },
]

export const GOING: readonly Line[] = Object.entries(GO).map(([key, page]) => ({
  keys: ['G', key.toUpperCase()],
  what: 'keyboard.go',
  page,
}))

export const ON: Readonly<Partial<Record<Page, readonly Line[]>>> = {
  dashboard: [
    { keys: ['Enter'], what: 'keyboard.enter' },
    { keys: [alt('Enter')], what: 'keyboard.now' },
    { keys: [shift('Enter')], what: 'keyboard.beside' },
    { keys: ['Z'], what: 'keyboard.sleep' },
    { keys: ['P'], what: 'keyboard.pin' },
    { keys: ['Del'], what: 'keyboard.evict' },
    { keys: ['M'], what: 'keyboard.menu' },
  ],
  chat: [
    { keys: ['Enter'], what: 'keyboard.send' },
    { keys: ['Esc'], what: 'keyboard.stop' },
    { keys: ['E'], what: 'keyboard.edit.last' },
    { keys: ['[ ]'], what: 'keyboard.branches' },
    { keys: ['A'], what: 'keyboard.approve' },
    { keys: [shift('A')], what: 'keyboard.approve.always' },
    { keys: ['D'], what: 'keyboard.deny' },
    { keys: ['I'], what: 'keyboard.inspector' },
    { keys: ['P'], what: 'keyboard.presets' },
    { keys: ['C'], what: 'keyboard.compare' },
  ],
  recipes: [{ keys: [ctrl('S')], what: 'keyboard.save' }],
  tools: [
    { keys: ['A'], what: 'keyboard.approve' },
    { keys: [shift('A')], what: 'keyboard.approve.always' },
    { keys: ['D'], what: 'keyboard.deny' },
  ],
  timeline: [{ keys: ['Esc'], what: 'keyboard.live' }],
}
