// What can be asked beside the recipes: adapters, virtual models and those of providers, as /v1/models lists them.
import { untrack } from 'svelte'
import { api } from '../api/client'
import type { ListedModel } from '../api/types'
import { past } from '../past/past.svelte'
import { studio } from '../store/studio.svelte'
import { choicesOf, type Choice } from './choices'

const TOLD = /^(virtual-model|recipe|provider)-/

class Offered {
  /** Null: not known yet, or of another time. */
  private listed = $state.raw<readonly ListedModel[] | null>(null)
  readonly choices = $derived(choicesOf(studio.status?.recipes ?? [], this.listed ?? []))

  of(name: string | null): Choice | null {
    return this.choices.find((one) => one.name === name) ?? null
  }

  /** Whether it can be asked, or nobody knows yet. */
  may(name: string | null): boolean {
    return Boolean(name) && (this.listed === null || this.of(name) !== null)
  }

  /** Keeps it true while a page shows it; called while a component begins. */
  watch(): void {
    const loaded = $derived(
      (studio.status?.recipes ?? []).map(({ public_name, state }) => `${public_name} ${state === 'ready'}`).join('\n'),
    )
    $effect(() => {
      void [loaded, studio.resyncs]
      if (past.on) this.listed = null
      else if (studio.link.state === 'live') void untrack(() => this.load())
    })
    $effect(() =>
      studio.onFact((fact) => {
        if (TOLD.test(fact.type)) void this.load()
      }),
    )
  }

  private async load(): Promise<void> {
    try {
      const listed = await api.listedModels()
      if (!past.on) this.listed = listed
    } catch {
      // Who may not see the list speaks to recipes.
    }
  }
}

export const offered = new Offered()
