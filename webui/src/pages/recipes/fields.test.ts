import { describe, expect, it } from 'vitest'
import type { Recipe } from '../../lib/api/types'
import { controlId, fieldNamed, grouped, namesOf, offersOf, sourceOf, type Wanted } from './fields'
import { field, SAMPLES } from './samples'

const named = (name: string) => SAMPLES.find((one) => one.name === name)!
const wanted = (recipe: Recipe, more: Partial<Wanted> = {}): Wanted => ({
  recipe,
  saved: null,
  search: '',
  whole: new Set(),
  problems: [],
  matches: () => false,
  ...more,
})
const shown = (want: Wanted): string[] => grouped(SAMPLES, want).flatMap((one) => one.shown.map(({ name }) => name))

describe('the fields that are shown', () => {
  it('are the few that every recipe has, and what is set', () => {
    expect(shown(wanted({ id: 'a', context_length: 1 }))).toEqual([
      'id', 'name', 'engine', 'model', 'served_name', 'context_length',
    ])
    expect(shown(wanted({ id: 'a', engine: 'command' }))).toContain('command')
  })

  it('are also what was set until now, what is complained of, and groups that are opened', () => {
    const recipe = { id: 'a' }
    expect(shown(wanted(recipe, { saved: { id: 'a', pinned: true } }))).toContain('pinned')
    const problems = [{ field: 'loras[0].path', message: '', severity: 'error' as const }]
    expect(shown(wanted(recipe, { problems }))).toContain('loras')
    const opened = grouped(SAMPLES, wanted(recipe, { whole: new Set(['memory']) }))
    expect(opened.find((one) => one.name === 'memory')).toMatchObject({ more: 0 })
  })

  it('are those that match while something is looked for, set or not', () => {
    const matches = (one: { name: string }) => one.name === 'lane'
    expect(shown(wanted({ id: 'a', context_length: 1 }, { search: 'lane', matches }))).toEqual(['lane'])
  })

  it('leave out what another engine has, unless it is set', () => {
    const all = { whole: new Set(['memory']) }
    expect(shown(wanted({ id: 'a', engine: 'transformers' }, all))).not.toContain('context_length')
    expect(shown(wanted({ id: 'a', engine: 'transformers', context_length: 1 }))).toContain('context_length')
  })
})

describe('a field', () => {
  it('says where its value comes from', () => {
    const saved = { id: 'a', context_length: 1 }
    const context = named('context_length')
    expect(sourceOf(context, saved, saved)).toBe('recipe')
    expect(sourceOf(context, { id: 'a' }, saved)).toBe('changed')
    expect(sourceOf(context, { id: 'a' }, null)).toBe('engine')
    expect(sourceOf(named('load_timeout_s'), { id: 'a' }, null)).toBe('default')
    expect(sourceOf(named('lane'), { id: 'a' }, null)).toBe('default')
  })

  it('is found by what the engine and other programs call it', () => {
    expect(namesOf(named('context_length'), 'vllm')).toEqual(
      expect.arrayContaining(['context_length', 'n_ctx', '--max-model-len', '__max_model_len']),
    )
    expect(namesOf(named('context_length'), 'sglang')).not.toContain('--max-model-len')
  })

  it('offers what its engine knows', () => {
    const one = field('quantization', { suggestions: ['a'], suggestions_by_engine: { vllm: ['b'] } })
    expect([offersOf(one, 'vllm'), offersOf(one, 'sglang')]).toEqual([['b'], ['a']])
  })

  it('is found by the path of a complaint', () => {
    expect(['env.TOKEN', 'loras[0].path', 'id', null].map(fieldNamed)).toEqual(['env', 'loras', 'id', ''])
    expect(controlId('loras[0].path')).toBe('field-loras-0-path')
    expect(controlId('context_length')).toBe('field-context_length')
  })
})
