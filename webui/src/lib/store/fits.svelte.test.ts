// @vitest-environment jsdom
// What fits is asked of the studio as it is now, also when the page has just come back from the past.
import { flushSync } from 'svelte'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Status } from '../api/types'
import { BLANK, type Picture } from './picture'
import { fits } from './fits.svelte'
import { studio } from './studio.svelte'

const REPORT = { verdict: 'fits', devices: [], remedies: [] }
const of = (id: string): Picture => ({ ...BLANK, status: { recipes: [{ id }] } as unknown as Status })

describe('what fits', () => {
  let asked: string[]
  beforeEach(() => {
    asked = []
    vi.stubGlobal('fetch', async (path: string) => {
      asked.push(path)
      return Response.json(REPORT)
    })
  })
  afterEach(() => {
    studio.live = BLANK
    studio.then = null
    vi.unstubAllGlobals()
  })

  it('is neither asked nor told in the past, and asked for when it is left', async () => {
    studio.live = of('small')
    studio.then = of('small')
    const leave = $effect.root(() => {
      $effect(() => fits.want(['small']))
    })
    flushSync()
    expect(asked).toEqual([])

    studio.then = null
    flushSync()
    await vi.waitFor(() => expect(fits.of('small')).toMatchObject(REPORT))
    expect(asked).toEqual(['/api/recipes/small/fit'])

    studio.then = of('small')
    expect(fits.of('small')).toBeNull()
    leave()
  })
})
