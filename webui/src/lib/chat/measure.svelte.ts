// Measures the next request while one writes it: asked for in the pauses, of what has changed.
import type { Room } from '../api/types'
import { asks, type RoomWish } from './asks'

const PAUSE_MS = 400 // also of a conversation that was just opened: it is drawn first

class Measure {
  room = $state.raw<Room | null>(null)
  private known = ''
  private timer: ReturnType<typeof setTimeout> | undefined
  private abort: AbortController | null = null

  /** `state`: whatever else the answer depends on, such as whether the model is in memory. */
  want(wish: RoomWish | null, state = ''): void {
    const key = wish === null ? '' : JSON.stringify([wish, state])
    if (key === this.known) return
    this.known = key
    clearTimeout(this.timer)
    this.abort?.abort()
    if (wish === null) this.room = null
    else this.timer = setTimeout(() => void this.ask(wish), PAUSE_MS)
  }

  private async ask(wish: RoomWish): Promise<void> {
    const abort = (this.abort = new AbortController())
    try {
      const room = await asks.room(wish, abort.signal)
      if (!abort.signal.aborted) this.room = room
    } catch {
      if (abort.signal.aborted) return
      this.known = '' // it is no longer known; the next change asks again
      this.room = null
    }
  }
}

export const measure = new Measure()
