// Which models a conversation can speak to: the recipes, then whatever else /v1/models lists. Pure.
import type { EngineState, ListedModel, RecipeView } from '../api/types'

export interface Choice {
  /** What is asked for. */
  name: string
  title: string
  /** Of the engine here; null where it runs elsewhere. */
  state: EngineState | null
  /** Whose it is, where it runs elsewhere. */
  provider: string
}

export function choicesOf(recipes: readonly RecipeView[], listed: readonly ListedModel[] = []): Choice[] {
  const names = new Set(recipes.map((recipe) => recipe.public_name))
  return [
    ...recipes.map(
      ({ public_name, name, id, state }): Choice => ({ name: public_name, title: name || id, state, provider: '' }),
    ),
    ...listed
      .filter(({ id }) => !names.has(id))
      .map(
        ({ id, status, owned_by }): Choice => ({
          name: id,
          title: id,
          state: status === 'remote' ? null : status === 'loaded' ? 'ready' : 'stopped',
          provider: status === 'remote' ? owned_by : '',
        }),
      ),
  ]
}

/** Those in whose names every typed word occurs, in any case. */
export function choicesWith(choices: readonly Choice[], typed: string): readonly Choice[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  const holds = ({ name, title, provider }: Choice): boolean => {
    const names = `${name}\n${title}\n${provider}`.toLowerCase()
    return words.every((word) => names.includes(word))
  }
  return words.length > 0 ? choices.filter(holds) : choices
}
