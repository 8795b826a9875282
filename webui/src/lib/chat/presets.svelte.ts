// Presets: setups kept under a name at the studio. One is a copy's origin, not a link.
import { Refusal } from '../api/client'
import type { PresetView } from '../api/types'
import { t, told } from '../i18n/index.svelte'
import { attempt, sentenceOf } from '../store/actions'
import { toasts } from '../toasts.svelte'
import { asks } from './asks'
import type { Objection } from './conversation.svelte'
import type { Setup } from './setup'

class Presets {
  list = $state.raw<readonly PresetView[] | null>(null)

  async load(): Promise<void> {
    await attempt(async () => {
      this.list = await asks.presets()
    })
  }

  find(name: string): PresetView | null {
    return this.list?.find((one) => one.name === name) ?? null
  }

  /** Null: it is saved. `was`: the name it had; empty where it is new. */
  async save(name: string, setup: Setup, was = ''): Promise<Objection | null> {
    const { model, system, parameters, tools } = setup
    try {
      await asks.savePreset(was || name, { name, model, system, parameters, tools })
    } catch (error) {
      const field = error instanceof Refusal ? (error.problem.field ?? '') : ''
      return { field, text: error instanceof Refusal ? told(error.problem.detail) : sentenceOf(error) }
    }
    await this.load()
    return null
  }

  /** Its key is destroyed; the toast saves it again, as another. */
  async remove(preset: PresetView): Promise<void> {
    if (!(await attempt(() => asks.removePreset(preset.name)))) return
    this.list = this.list?.filter((one) => one !== preset) ?? null
    toasts.say(t('preset.removed', { name: preset.name }), {
      label: t('action.undo'),
      run: () => void attempt(() => asks.savePreset(preset.name, wishOf(preset))).then(() => this.load()),
    })
  }
}

/** What a conversation takes from one; its model only where it names one. */
export function setupFrom(preset: PresetView, now: Setup): Setup {
  const { system, parameters, tools, name } = preset
  return { model: preset.model || now.model, system, parameters, tools, preset: name }
}

/** Whether a conversation still asks as its preset says. */
export function isLike(setup: Setup, preset: PresetView): boolean {
  const { model, system, parameters, tools } = setupFrom(preset, setup)
  const shape = (one: Pick<Setup, 'model' | 'system' | 'parameters' | 'tools'>): string =>
    JSON.stringify([one.model, one.system, Object.entries(one.parameters).sort(), [...one.tools].sort()])
  return shape({ model, system, parameters, tools }) === shape(setup)
}

const wishOf = ({ name, model, system, parameters, tools }: PresetView) => ({ name, model, system, parameters, tools })

export const presets = new Presets()
