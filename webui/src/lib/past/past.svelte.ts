// Looking at the studio as it was. Every page then shows that moment, and nothing can be changed.
import { api } from '../api/client'
import { asOf } from '../api/as_of'
import type { StateAt } from '../api/types'
import type { Picture } from '../store/picture'
import { clock } from '../clock.svelte'
import { t } from '../i18n/index.svelte'
import { attempt } from '../store/actions'
import { studio } from '../store/studio.svelte'

class Past {
  /** The position that is shown; null: now. */
  at = $state<number | null>(null)
  state = $state.raw<StateAt | null>(null)
  /** A moment that was asked for and is not here yet. */
  private wanted: number | string | null = null
  private asking = false
  private left = false

  get on(): boolean {
    return this.state !== null
  }

  /** Show the studio as of a position or a time; while one is asked for, only the newest wish counts. */
  async go(moment: number | string): Promise<void> {
    this.wanted = moment
    this.left = false
    if (typeof moment === 'number') this.at = moment
    if (this.asking) return
    this.asking = true
    try {
      while (this.wanted !== null) {
        const asked: number | string = this.wanted
        this.wanted = null
        const went = await attempt(async () => {
          const state = await api.stateAt(String(asked))
          this.show(state, (await import('./then')).pictureThen) // the studio is there: so it comes
        })
        if (!went) this.at = this.state?.position ?? null
      }
    } finally {
      this.asking = false
    }
  }

  leave(): void {
    this.wanted = null
    this.at = null
    this.left = true
    if (this.state === null) return
    this.state = null
    asOf.leave()
    clock.at = null
    studio.then = null
    studio.resyncs += 1
  }

  private show(state: StateAt, pictureThen: (state: StateAt, now: Picture) => Picture): void {
    if (this.left) return // meanwhile
    this.at = this.wanted === null ? state.position : this.at
    this.state = state
    asOf.enter(state, t('past.read.only'))
    clock.at = state.recorded_at === null ? null : state.recorded_at / 1000
    studio.then = pictureThen(state, studio.live)
    studio.resyncs += 1 // pages with lists load again, as of then
  }
}

export const past = new Past()

/** Attached to whatever changes something: it can not, while the past is shown. */
export function writes(element: HTMLButtonElement | HTMLInputElement | HTMLSelectElement): (() => void) | void {
  if (!past.on) return
  const before = { disabled: element.disabled, title: element.title }
  element.disabled = true
  element.title = t('past.read.only')
  return () => Object.assign(element, before)
}
