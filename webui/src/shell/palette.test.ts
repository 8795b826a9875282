import { describe, expect, it } from 'vitest'
import type { RecipeView } from '../lib/api/types'
import { likeliest } from './palette'

const recipe = (state: RecipeView['state'], blocked = false): Pick<RecipeView, 'state' | 'blocked'> => ({ state, blocked })

describe('the model that Enter would most likely be meant for', () => {
  it('sleeps, else is stopped and may be started, else is whatever is not there', () => {
    expect(likeliest([recipe('failed'), recipe('ready'), recipe('stopped'), recipe('asleep')])).toBe(3)
    expect(likeliest([recipe('failed'), recipe('ready'), recipe('stopped', true), recipe('stopped')])).toBe(3)
    expect(likeliest([recipe('ready'), recipe('failed')])).toBe(1)
  })

  it('is the first when every one is there, or none', () => {
    expect(likeliest([recipe('ready'), recipe('ready')])).toBe(0)
    expect(likeliest([])).toBe(0)
  })
})
