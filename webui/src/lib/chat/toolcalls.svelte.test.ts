import { afterEach, describe, expect, it, vi } from 'vitest'
import { toasts } from '../toasts.svelte'
import { answer, isAnswered } from './toolcalls.svelte'

describe('a call that waits for a person', () => {
  afterEach(() => vi.restoreAllMocks())

  it('is answered once, however often a key is struck', async () => {
    const ask = vi.fn(() => Promise.resolve())
    await Promise.all([answer('one', 'seen', ask), answer('one', 'seen', ask)])
    await answer('one', 'seen', ask)
    expect(ask).toHaveBeenCalledTimes(1)
    expect(isAnswered('one', 'seen')).toBe(true)
    expect(isAnswered('two', 'seen')).toBe(false)
  })

  it('can be answered again when it asks something else', async () => {
    const ask = vi.fn(() => Promise.resolve())
    await answer('three', 'seen', ask)
    await answer('three', 'another', ask)
    expect(ask).toHaveBeenCalledTimes(2)
  })

  it('can be answered again when the studio refused, which is said', async () => {
    const bad = vi.spyOn(toasts, 'bad')
    const ask = vi.fn().mockRejectedValueOnce(new Error('nobody there')).mockResolvedValueOnce(null)
    await answer('four', 'seen', ask)
    expect(bad).toHaveBeenCalledTimes(1)
    expect(isAnswered('four', 'seen')).toBe(false)
    await answer('four', 'seen', ask)
    expect(isAnswered('four', 'seen')).toBe(true)
  })
})
