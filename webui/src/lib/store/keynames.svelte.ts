// What keys are called: asked for once, when the first of them is to be named, and kept by the facts about
// keys. Whoever may not see the keys sees their ids.
import { api } from '../api/client'
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
    if (!this.asked) {
      this.asked = true
      void api.keys().then(
        ({ keys }) => (this.names = { ...Object.fromEntries(keys.map((key) => [key.key_id, key.name])), ...this.names }),
        () => undefined,
      )
    }
    return this.names[keyId] ?? keyId
  }
}

export const keyNames = new KeyNames()
