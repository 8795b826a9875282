// Virtual models and providers as forms: text in, wishes out. Pure.
import type { OfferedModel, ProviderView, ProviderWish, VirtualModel } from '../../lib/api/types'

export const POLICIES = ['first-resident', 'spill'] as const
export const ANY_SERVER = 'openai-compatible'

export interface VirtualDraft {
  name: string
  members: string[]
  policy: string
  places: string
  fallbacks: string[]
  unlisted: boolean
}

export function virtualDraft(model: VirtualModel | null): VirtualDraft {
  return {
    name: model?.name ?? '',
    members: [...(model?.members ?? [])],
    policy: model?.policy ?? 'first-resident',
    places: model?.places == null ? '' : String(model.places),
    fallbacks: [...(model?.fallbacks ?? [])],
    unlisted: model?.unlisted ?? false,
  }
}

/** What is saved; what the form does not show stays as it was. */
export function virtualOf(draft: VirtualDraft, before: VirtualModel | null): VirtualModel {
  return {
    name: draft.name.trim(),
    members: draft.members,
    policy: draft.policy as VirtualModel['policy'],
    parameters: before?.parameters ?? {},
    fallbacks: draft.fallbacks,
    places: figure(draft.places) as VirtualModel['places'],
    unlisted: draft.unlisted,
  }
}

export interface ModelDraft {
  model: string
  name: string
  /** A million tokens in, and out. */
  input: string
  output: string
}

export interface ProviderDraft {
  id: string
  kind: string
  api_base: string
  api_key: string
  models: ModelDraft[]
}

export const NO_MODEL: ModelDraft = { model: '', name: '', input: '', output: '' }

export function providerDraft(provider: ProviderView | null): ProviderDraft {
  return {
    id: provider?.id ?? '',
    kind: provider?.kind ?? ANY_SERVER,
    api_base: provider?.api_base ?? '',
    api_key: '',
    models: provider?.models.map(modelDraft) ?? [{ ...NO_MODEL }],
  }
}

function modelDraft(offered: OfferedModel): ModelDraft {
  const price = offered.price
  const text = (value: number | undefined): string => (value === undefined ? '' : String(value))
  return {
    model: offered.model,
    name: offered.name,
    input: text(price?.input_per_million),
    output: text(price?.output_per_million),
  }
}

/** A row without a model is left out; a provider that is not given a key keeps the one it has. */
export function providerOf(draft: ProviderDraft, before: ProviderView | null): ProviderWish {
  const known = new Map(before?.models.map((model) => [model.model, model]))
  return {
    id: draft.id.trim(),
    kind: draft.kind,
    api_base: draft.api_base.trim() || null,
    api_key: draft.api_key.trim() || null,
    models: draft.models
      .filter((one) => one.model.trim() !== '' || one.name.trim() !== '')
      .map((one) => offeredOf(one, known.get(one.model.trim()))),
  }
}

function offeredOf(draft: ModelDraft, before: OfferedModel | undefined): OfferedModel {
  const input = figure(draft.input)
  const output = figure(draft.output)
  const cached = before?.price?.cached_input_per_million ?? null
  const price = {
    input_per_million: (input ?? 0) as number,
    output_per_million: (output ?? 0) as number,
    cached_input_per_million: cached,
  }
  return {
    model: draft.model.trim(),
    name: draft.name.trim(),
    price: input === null && output === null && cached === null ? null : price,
    unlisted: before?.unlisted ?? false,
  }
}

/** As it was saved, to be saved again. */
export function wishOf(provider: ProviderView): ProviderWish {
  return { id: provider.id, kind: provider.kind, api_base: provider.api_base, api_key: null, models: provider.models }
}

/** Whether what it was can be put back: a key that was replaced or given for another place can not. */
export function canRevert(before: ProviderView, wish: ProviderWish): boolean {
  const moved = before.kind !== wish.kind || before.api_base !== wish.api_base
  return wish.api_key === null && !(moved && before.has_key)
}

/** The row and the box that "models[2].price.input_per_million" is about. */
export function placeOf(field: string | null): { list: string; row: number; box: string } | null {
  const found = /^(\w+)\[(\d+)\](?:\.(.+))?$/.exec(field ?? '')
  return found ? { list: found[1]!, row: Number(found[2]), box: found[3] ?? '' } : null
}

/** A number as typed; what is none is sent as it is, and the server says so. */
function figure(text: string): number | string | null {
  const typed = text.trim()
  if (typed === '') return null
  const number = Number(typed.replace(',', '.'))
  return Number.isFinite(number) ? number : typed
}

export function moved<T>(list: readonly T[], from: number, by: -1 | 1): T[] {
  const to = from + by
  if (to < 0 || to >= list.length) return [...list]
  const next = [...list]
  ;[next[from], next[to]] = [next[to]!, next[from]!]
  return next
}
