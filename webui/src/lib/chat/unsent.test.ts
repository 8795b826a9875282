import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Unsent } from './unsent'

describe('what is written and not sent', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function made(found: Record<string, string> = {}) {
    const told: [string, string, boolean][] = []
    const unsent = new Unsent(
      () => Promise.resolve(found),
      (...one) => Promise.resolve(told.push(one)),
    )
    return { unsent, told }
  }

  it('is told once a person pauses, the last words of each conversation', () => {
    const { unsent, told } = made()
    for (const text of ['H', 'Hel', 'Hello']) unsent.keep('', text)
    unsent.keep('one', 'And')
    expect(told).toEqual([])
    vi.runAllTimers()
    expect(told).toEqual([
      ['', 'Hello', false],
      ['one', 'And', false],
    ])
    unsent.keep('', 'Hello')
    vi.runAllTimers()
    expect(told).toHaveLength(2)
  })

  it('is told at once by a window that closes', () => {
    const { unsent, told } = made()
    unsent.keep('one', 'And')
    unsent.flush(true)
    vi.runAllTimers()
    expect(told).toEqual([['one', 'And', true]])
  })

  it('is there for the next window, and what that one writes is newer', async () => {
    const { unsent, told } = made({ '': 'left', one: 'left too' })
    unsent.keep('one', 'mine')
    await unsent.load()
    expect([unsent.of(''), unsent.of('one'), unsent.of('two')]).toEqual(['left', 'mine', ''])
    unsent.keep('', '')
    unsent.flush()
    expect(told).toEqual([
      ['one', 'mine', false],
      ['', '', false],
    ])
  })

  it('is asked for again where nobody answered', async () => {
    const ask = vi.fn().mockRejectedValueOnce(new Error('nobody')).mockResolvedValueOnce({ '': 'left' })
    const unsent = new Unsent(ask, () => Promise.resolve())
    await unsent.load()
    expect(unsent.of('')).toBe('')
    await unsent.load()
    expect(unsent.of('')).toBe('left')
  })
})
