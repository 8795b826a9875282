import { describe, expect, it } from 'vitest'
import { Sticking } from './sticking.svelte'

/** A place 500 px high. */
const at = (scrollTop: number, scrollHeight = 2000, clientHeight = 500) => ({ scrollTop, scrollHeight, clientHeight })

function atTheEnd(): Sticking {
  const sticking = new Sticking()
  sticking.scrolled(at(1500))
  return sticking
}

describe('a thread is kept at its newest line', () => {
  it('until somebody goes up, however little', () => {
    const sticking = atTheEnd()
    sticking.scrolled(at(1496))
    expect(sticking.stuck).toBe(false)
    sticking.scrolled(at(1490))
    expect(sticking.stuck).toBe(false)
  })

  it('also while it grows under them', () => {
    const sticking = atTheEnd()
    sticking.scrolled(at(1497, 2040))
    expect(sticking.stuck).toBe(false)
  })

  it('also when they go up in the same moment as it is taken along', () => {
    const sticking = atTheEnd()
    sticking.letGo(at(1500))
    sticking.followed(at(1600, 2100))
    sticking.scrolled(at(1594, 2100))
    expect(sticking.stuck).toBe(false)
  })

  it('and again when they come back to the end', () => {
    const sticking = atTheEnd()
    sticking.scrolled(at(900))
    sticking.scrolled(at(1200))
    expect(sticking.stuck).toBe(false)
    sticking.scrolled(at(1470))
    expect(sticking.stuck).toBe(true)
  })

  it('when it gets shorter, or its place higher', () => {
    const sticking = atTheEnd()
    sticking.scrolled(at(1400, 1900))
    expect(sticking.stuck).toBe(true)
    sticking.scrolled(at(1200, 1900, 700))
    expect(sticking.stuck).toBe(true)
  })

  it('when something above gets shorter while they read', () => {
    const sticking = atTheEnd()
    sticking.scrolled(at(800))
    sticking.scrolled(at(700, 1900))
    expect(sticking.stuck).toBe(false)
  })

  it('when there is nowhere to go up to', () => {
    const sticking = new Sticking()
    sticking.letGo(at(0, 400))
    expect(sticking.stuck).toBe(true)
    const long = atTheEnd()
    long.letGo(at(1500))
    expect(long.stuck).toBe(false)
  })
})
