import { describe, expect, it } from 'vitest'
import type { ListedModel, RecipeView } from '../api/types'
import { choicesOf, choicesWith } from './choices'

const recipe = (id: string, more: Partial<RecipeView> = {}): RecipeView =>
  ({ id, public_name: `public-${id}`, name: '', state: 'stopped', ...more }) as RecipeView
const listed = (id: string, status: ListedModel['status'], owned_by = 'vllm-studio'): ListedModel => ({ id, status, owned_by })

describe('what a conversation can speak to', () => {
  it('is each recipe once, by its name and in its state', () => {
    const recipes = [recipe('qwen', { name: 'Qwen', state: 'loading' })]
    expect(choicesOf(recipes, [listed('public-qwen', 'unloaded')])).toEqual([
      { name: 'public-qwen', title: 'Qwen', state: 'loading', provider: '' },
    ])
  })

  it('is what is listed beside them, here or elsewhere', () => {
    const all = choicesOf([], [listed('coder', 'unloaded'), listed('fast', 'loaded'), listed('gpt', 'remote', 'cloud')])
    expect(all.map(({ name, state, provider }) => [name, state, provider])).toEqual([
      ['coder', 'stopped', ''],
      ['fast', 'ready', ''],
      ['gpt', null, 'cloud'],
    ])
  })

  it('is found by words in its names, in any case', () => {
    const all = choicesOf([recipe('qwen', { name: 'Qwen 3 Coder' })], [listed('gpt-x', 'remote', 'Cloud')])
    expect(choicesWith(all, 'coder QWEN').map(({ title }) => title)).toEqual(['Qwen 3 Coder'])
    expect(choicesWith(all, 'cloud').map(({ name }) => name)).toEqual(['gpt-x'])
    expect(choicesWith(all, ' ')).toHaveLength(2)
    expect(choicesWith(all, 'llama')).toHaveLength(0)
  })
})
