import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { asOf } from '../api/as_of'
import { Refusal } from '../api/client'
import type { StateAt } from '../api/types'
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

  it('is told also once the past is shown, which it was written before', () => {
    const { unsent, told } = made()
    unsent.keep('one', 'And')
    asOf.enter({} as StateAt, 'it is the past')
    vi.runAllTimers()
    asOf.leave()
    expect(told).toEqual([['one', 'And', false]])
  })

  it('is told again where nobody answered, the newest words of it, one after the other', async () => {
    const said: string[] = []
    const answers: ((went: boolean) => void)[] = []
    const unsent = new Unsent(
      () => Promise.resolve({}),
      (_, text) => {
        said.push(text)
        return new Promise((went, failed) => answers.push((well) => (well ? went(null) : failed(new Error('nobody')))))
      },
    )
    unsent.keep('one', 'H')
    vi.advanceTimersByTime(400)
    unsent.keep('one', 'Hel')
    vi.advanceTimersByTime(400)
    expect(said).toEqual(['H'])
    answers[0]!(false)
    await vi.advanceTimersByTimeAsync(3000)
    expect(said).toEqual(['H', 'Hel'])
    unsent.keep('one', 'Hello')
    await vi.advanceTimersByTimeAsync(400)
    answers[1]!(true)
    await vi.advanceTimersByTimeAsync(400)
    expect(said).toEqual(['H', 'Hel', 'Hello'])
    answers[2]!(true)
    await vi.runAllTimersAsync()
    expect(said).toHaveLength(3)
  })

  it('is not told again where it was refused', async () => {
    const tell = vi.fn().mockRejectedValue(new Refusal({ title: 'no', detail: 'no', status: 403, code: 'owner-only' }))
    const unsent = new Unsent(() => Promise.resolve({}), tell)
    unsent.keep('one', 'And')
    await vi.runAllTimersAsync()
    expect(tell).toHaveBeenCalledOnce()
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
