import { describe, expect, it } from 'vitest'
import type { Recipe } from '../../lib/api/types'
import { draftOf, recipeOf, valueOf, type Draft } from './draft'
import { field, SAMPLES } from './samples'
import { toToml } from './toml'

const FULL: Recipe = {
  id: 'a',
  engine: 'sglang',
  model: 'x/y',
  aliases: ['b', 'c'],
  set_params: { top_k: 20, stop: ['x'], mode: 'fast' },
  presets: { strict: { temperature: 0 } },
  lane: 'direct',
  devices: [0, 'GPU-5f3a'],
  context_length: 4096,
  memory_fraction: 0.9,
  prefix_caching: false,
  pinned: true,
  extra_args: ['--a', '--b=1 2'],
  env: { HF_HOME: '/x=y', EMPTY: '' },
  loras: [{ name: 'l', path: '/l' }],
  speculative: { method: 'ngram', tokens: 3 },
  of_tomorrow: { unknown: 1 },
}
const through = (recipe: Recipe, changes: Draft = {}): Recipe =>
  recipeOf(SAMPLES, { ...draftOf(SAMPLES, recipe), ...changes }, recipe)

describe('the form of a recipe', () => {
  it('gives back what it was given, also what it does not know', () => {
    expect(through(FULL)).toEqual(FULL)
  })

  it('leaves out what is empty or the default, so that only what is set becomes a flag', () => {
    const recipe = through(FULL, {
      context_length: ' ',
      pinned: '',
      aliases: '',
      prefix_caching: '',
      loras: [{}],
      speculative: { method: '', tokens: ' ' },
      load_timeout_s: '900',
      engine: 'vllm',
    })
    for (const name of ['context_length', 'pinned', 'aliases', 'prefix_caching', 'loras', 'speculative', 'load_timeout_s', 'engine']) {
      expect(recipe).not.toHaveProperty(name)
    }
  })

  it('lets the server judge what is not a number, and what is only half there', () => {
    const recipe = through(FULL, { memory_fraction: 'much', context_length: '32 768', loras: [{ name: 'l' }] })
    expect(recipe['memory_fraction']).toBe('much')
    expect(recipe['context_length']).toBe(32768)
    expect(recipe['loras']).toEqual([{ name: 'l', path: '' }])
  })

  it('reads parameters as values, and as a text what is none', () => {
    const parameters = field('set_params', { kind: 'parameters' })
    expect(valueOf(parameters, 'top_k = 20\nstop = ["a"]\nmode = fast\n\nalone')).toEqual({
      top_k: 20,
      stop: ['a'],
      mode: 'fast',
      alone: '',
    })
  })

  it('writes TOML that can be imported', () => {
    const recipe = { id: 'a', pinned: true, aliases: ['x "y"'], context_length: 1, env: { A: 'b' }, presets: { 'a:b': { t: 0 } } }
    expect(toToml(recipe)).toBe(
      'id = "a"\npinned = true\naliases = ["x \\"y\\""]\ncontext_length = 1\n\n[env]\nA = "b"\n\n[presets]\n"a:b" = { t = 0 }',
    )
  })
})
