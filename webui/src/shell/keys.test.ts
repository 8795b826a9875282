// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'
import { router } from '../lib/router.svelte'
import { onkeydown } from './keys'
import { overlay } from './overlay.svelte'

const press = (key: string, held = {}): void => onkeydown(new KeyboardEvent('keydown', { key, ...held }))

describe('the quick switch', () => {
  it('has what was typed before it was there', () => {
    press('k', { ctrlKey: true })
    for (const key of ['2', 'x', 'Backspace', '4', 'b', ' ', 'm', 'Shift']) press(key)
    expect(overlay.typed).toBe('24b m')
    press('k', { ctrlKey: true })
    expect([overlay.open, overlay.typed]).toEqual([null, ''])
  })
})

describe('a letter', () => {
  it('leads to a page after G alone, also on a page that has only just been opened', async () => {
    const before = router.place.page
    press('k')
    press('d')
    await Promise.resolve()
    expect(router.place.page).toBe(before)
    press('g')
    press('k')
    await Promise.resolve()
    expect(router.place.page).toBe('keys')
    press('t')
    await Promise.resolve()
    expect(router.place.page).toBe('keys')
  })
})
