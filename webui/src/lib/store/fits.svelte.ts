// Which recipes fit: asked for once each, one at a time, and again after whatever may change the answer.
// What would fit today says nothing of the past: there nothing is asked, and nothing is known.
import { api, Refusal } from '../api/client'
import type { FactEntry, FitReport } from '../api/types'
import { studio } from './studio.svelte'

/** A recipe was saved, or an engine of it was measured: its own answer is old. */
const OF_ONE = /^(recipe-|engine-memory-measured$)/
/** Other engines came in, or models: every answer is old. */
const OF_ALL = /^(runtime-installed|runtime-removed|model-made)$/

class Fits {
  private reports = $state.raw<Readonly<Record<string, FitReport>>>({})
  private known = new Set<string>()
  private queue: string[] = []
  private asking = false

  constructor() {
    studio.onFact((fact) => this.hear(fact))
  }

  of(recipeId: string): FitReport | null {
    return studio.then ? null : this.reports[recipeId] ?? null
  }

  /** Called by whoever shows them; what is known is not asked again. */
  want(recipeIds: readonly string[]): void {
    if (studio.then) return
    for (const id of recipeIds) {
      if (this.known.has(id)) continue
      this.known.add(id)
      this.queue.push(id)
    }
    void this.ask()
  }

  private async ask(): Promise<void> {
    if (this.asking) return
    this.asking = true
    for (let id = this.queue.shift(); id !== undefined; id = this.queue.shift()) {
      if (!studio.recipe(id)) {
        this.known.delete(id) // gone while it waited for its turn
        continue
      }
      try {
        const report = await api.fit(id)
        this.reports = { ...this.reports, [id]: report }
      } catch (error) {
        if (error instanceof Refusal) continue // no bar until something about it changes
        for (const later of [id, ...this.queue]) this.known.delete(later)
        this.queue = [] // nobody answers: asked again when the connection is back
      }
    }
    this.asking = false
  }

  private hear(fact: FactEntry): void {
    const id = fact.data['recipe_id']
    if (OF_ALL.test(fact.type)) this.again([...this.known])
    else if (OF_ONE.test(fact.type) && typeof id === 'string') this.again([id])
  }

  private again(ids: readonly string[]): void {
    const wanted = ids.filter((id) => this.known.has(id))
    wanted.forEach((id) => this.known.delete(id))
    this.want(wanted)
  }
}

export const fits = new Fits()
