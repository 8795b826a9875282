// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'
import { router } from '../lib/router.svelte'
import { onkeydown } from './keys'

const press = (key: string): void => onkeydown(new KeyboardEvent('keydown', { key }))

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
