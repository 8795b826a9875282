import { describe, expect, it } from 'vitest'
import en from '../../lib/i18n/en/fields'
import type { Recipe } from '../../lib/api/types'
import { draftOf, fieldNamed, FIELDS, recipeOf, toToml } from './fields'

const FULL: Recipe = {
  id: 'a',
  engine: 'sglang',
  model: 'x/y',
  aliases: ['b', 'c'],
  devices: [0, 'GPU-5f3a'],
  context_length: 4096,
  memory_fraction: 0.9,
  prefix_caching: false,
  pinned: true,
  extra_args: ['--a', '--b=1 2'],
  env: { HF_HOME: '/x=y', EMPTY: '' },
  loras: [{ name: 'l', path: '/l' }],
  price: { input_per_million: 1 },
}

describe('the form of a recipe', () => {
  it('gives back what it was given, also what it does not show', () => {
    expect(recipeOf(draftOf(FULL), FULL)).toEqual(FULL)
  })

  it('leaves out what is empty, so that only what is set becomes a flag', () => {
    const draft = { ...draftOf(FULL), context_length: ' ', pinned: '', aliases: '', prefix_caching: '' }
    const recipe = recipeOf(draft, FULL)
    for (const name of ['context_length', 'pinned', 'aliases', 'prefix_caching']) {
      expect(recipe).not.toHaveProperty(name)
    }
  })

  it('lets the server judge what is not a number', () => {
    const recipe = recipeOf({ ...draftOf(FULL), memory_fraction: 'much', context_length: '32 768' }, FULL)
    expect(recipe['memory_fraction']).toBe('much')
    expect(recipe['context_length']).toBe(32768)
  })

  it('finds the field of a nested complaint', () => {
    expect(['env.TOKEN', 'loras[0].path', 'id', null].map(fieldNamed)).toEqual(['env', 'loras', 'id', ''])
  })

  it('has a label for every field, and help where it promises some', () => {
    for (const { name, help } of FIELDS) {
      expect(en).toHaveProperty([`field.${name}`])
      if (help) expect(en).toHaveProperty([`field.${name}.help`])
    }
  })

  it('writes TOML that can be imported', () => {
    const recipe = { id: 'a', pinned: true, aliases: ['x "y"'], context_length: 1, env: { A: 'b' } }
    expect(toToml(recipe)).toBe(
      'id = "a"\npinned = true\naliases = ["x \\"y\\""]\ncontext_length = 1\n\n[env]\nA = "b"',
    )
  })
})
