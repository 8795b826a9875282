// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { api, Refusal } from '../api/client'
import type { SettingsView } from '../api/types'
import { toasts } from '../toasts.svelte'
import { chosen } from './chosen.svelte'
import { words } from './index.svelte'

const change = vi.spyOn(api, 'changeSettings')
const refused = (status: number) =>
  new Refusal({ type: 'about:blank', title: '', status, detail: `no: ${status}`, code: 'no', next_action: '' })

describe('the language that is chosen', () => {
  beforeEach(async () => {
    localStorage.clear()
    await words.use('en')
    change.mockReset().mockResolvedValue({} as SettingsView)
  })

  it('is spoken at once, and told to the studio', async () => {
    await chosen.choose('de')
    expect([words.language, chosen.now]).toEqual(['de', 'de'])
    expect(change).toHaveBeenCalledExactlyOnceWith({ language: 'de' })
  })

  it('is followed when it was chosen elsewhere, and back to the browser’s own', async () => {
    await chosen.follow('zh')
    expect([words.language, chosen.now]).toEqual(['zh', 'zh'])
    await chosen.follow('auto')
    expect([words.language, chosen.now]).toEqual(['en', 'auto'])
    expect(change).not.toHaveBeenCalled()
  })

  it('stays in this browser where settings may not be changed, until the setting is', async () => {
    const before = toasts.list.length
    change.mockRejectedValue(refused(403))
    await chosen.choose('de')
    await chosen.follow('auto') // every status says it
    expect(words.language).toBe('de')
    expect(toasts.list.length).toBe(before)
    await chosen.follow('zh')
    expect(words.language).toBe('zh')
  })

  it('says why the studio did not take it', async () => {
    change.mockRejectedValue(refused(409))
    await chosen.choose('de')
    expect(toasts.list.at(-1)?.text).toContain('no: 409')
  })

  it('is the last one, however long the words of another take', async () => {
    await Promise.all([chosen.choose('de'), chosen.choose('zh')])
    expect(words.language).toBe('zh')
  })
})
