// What keys are called: asked for once, when the first of them is to be named, and kept by the facts about
// keys. Whoever may not see the keys sees their ids.
import { api } from '../api/client'
import { collator } from '../intl'
import { studio } from './studio.svelte'

class KeyNames {
  private names = $state.raw<Readonly<Record<string, string>>>({})
  private asked = false

  constructor() {
    studio.onFact(({ type, data }) => {
      const { key_id, name } = data
      if (type.startsWith('key-') && typeof key_id === 'string' && typeof name === 'string') {
        this.names = { ...this.names, [key_id]: name }
      }
    })
  }

  of(keyId: string): string {
    this.ask()
    return this.names[keyId] ?? keyId
  }

  /** Ids and names, in the order of the names. */
  all(locale: string): [string, string][] {
    this.ask()
    return Object.entries(this.names).sort((a, b) => collator(locale).compare(a[1], b[1]))
  }

  private ask(): void {
    if (this.asked) return
    this.asked = true
    void api.keys().then(
      ({ keys }) => (this.names = { ...Object.fromEntries(keys.map((key) => [key.key_id, key.name])), ...this.names }),
      () => undefined,
    )
  }
}

export const keyNames = new KeyNames()
