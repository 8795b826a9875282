// While the past is shown, what is asked is answered from that moment, and nothing is sent that changes
// anything.
import type { StateAt } from './types'

class AsOf {
  state: StateAt | null = null
  /** Why nothing can be changed; empty: it can. */
  barred = ''

  enter(state: StateAt, barred: string): void {
    this.state = state
    this.barred = barred
  }

  leave(): void {
    this.state = null
    this.barred = ''
  }
}

export const asOf = new AsOf()
