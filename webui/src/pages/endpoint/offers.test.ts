import { describe, expect, it } from 'vitest'
import type { ProviderView, VirtualModel } from '../../lib/api/types'
import { canRevert, moved, placeOf, providerDraft, providerOf, virtualDraft, virtualOf, wishOf } from './offers'

const MODEL: VirtualModel = {
  name: 'best', members: ['a', 'b'], policy: 'spill', parameters: { temperature: 0 }, fallbacks: ['c'], places: 4, unlisted: true,
}
const PROVIDER: ProviderView = {
  id: 'near', kind: 'openai-compatible', api_base: 'http://h/v1', has_key: true, names: ['near/m', 'x'], problems: [],
  models: [
    { model: 'm', name: '', price: { input_per_million: 1, output_per_million: 2, cached_input_per_million: 0.5 }, unlisted: true },
    { model: 'n', name: 'x', price: null, unlisted: false },
  ],
}

describe('a form', () => {
  it('that nobody touched saves what was there, also what it does not show', () => {
    expect(virtualOf(virtualDraft(MODEL), MODEL)).toEqual(MODEL)
    expect(providerOf(providerDraft(PROVIDER), PROVIDER)).toEqual(wishOf(PROVIDER))
  })
  it('leaves out a row in which nothing was typed', () => {
    const draft = providerDraft(PROVIDER)
    draft.models.push({ model: ' ', name: '', input: '', output: '' })
    expect(providerOf(draft, PROVIDER).models).toHaveLength(2)
  })
  it('sends what is no number as it is, for the server to say so', () => {
    const draft = virtualDraft(MODEL)
    draft.places = 'many'
    expect(virtualOf(draft, MODEL).places).toBe('many')
  })
})

describe('a change of a provider', () => {
  const wish = wishOf(PROVIDER)
  it('can be taken back while its key stays', () => {
    expect(canRevert(PROVIDER, { ...wish, models: [] })).toBe(true)
  })
  it('can not when the key was replaced or given for another place', () => {
    expect(canRevert(PROVIDER, { ...wish, api_key: 'another' })).toBe(false)
    expect(canRevert(PROVIDER, { ...wish, api_base: 'http://elsewhere/v1' })).toBe(false)
    expect(canRevert({ ...PROVIDER, has_key: false }, { ...wish, api_base: 'http://elsewhere/v1' })).toBe(true)
  })
})

it('a field of the server is a row and a box of the form', () => {
  expect(placeOf('models[2].price.input_per_million')).toEqual({ list: 'models', row: 2, box: 'price.input_per_million' })
  expect(placeOf('members[0]')).toEqual({ list: 'members', row: 0, box: '' })
  expect(placeOf('name')).toBeNull()
})

it('a member changes places with its neighbour, within the list', () => {
  expect(moved(['a', 'b', 'c'], 1, -1)).toEqual(['b', 'a', 'c'])
  expect(moved(['a', 'b', 'c'], 2, 1)).toEqual(['a', 'b', 'c'])
})
