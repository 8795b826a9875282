// Where research could search at an earlier moment. Pure.
import type { StateAt } from '../../lib/api/types'
import type { Provider, ProviderList } from './api'

/** Asked where nobody configured anything. */
const BY_DEFAULT: readonly string[] = ['wikipedia', 'duckduckgo']

/** As the log tells it. Whether one would have answered, and whether it had a key, nobody recorded. */
export function providersThen(state: StateAt, now: ProviderList): ProviderList {
  const kinds = now.providers.filter((one) => one.name === one.kind).map(untouched)
  const known = new Map(kinds.map((one) => [one.name, one]))
  for (const { name, data } of state.search_providers) {
    const like = known.get(String(data['kind']))
    if (like) known.set(name, { ...like, name, saved: true, ...(data as Partial<Provider>) })
  }
  return { providers: [...known.values()], private_hosts: [...state.private_hosts] }
}

function untouched(one: Provider): Provider {
  return {
    ...one,
    ...{ enabled: BY_DEFAULT.includes(one.name), saved: false, ready: false, has_key: false },
    ...{ code: '', problem: '', next_action: '', url: '', folder: '', tool: '', argument: '', language: '' },
  }
}
