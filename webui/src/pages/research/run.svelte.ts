// One run as it goes: read once, then followed over any number of connections until it is over.
import { Refusal } from '../../lib/api/client'
import { follow } from '../../lib/api/sse'
import { past } from '../../lib/past/past.svelte'
import { research, type ResearchView } from './api'
import { isAtWork, isOver } from './states'

const SILENCE_MS = 40_000
const WAITS_MS = [500, 1000, 2000, 4000, 8000]

export class Run {
  view = $state.raw<ResearchView | null>(null)
  /** There is none, or it was erased. */
  gone = $state(false)
  /** Why it is not shown to whoever asks. */
  refused = $state('')
  private abort: AbortController | null = null
  private following = false

  constructor(readonly id: string) {}

  /** Read it, and follow it while it can change; what is past does not. */
  async watch(): Promise<void> {
    this.abort?.abort()
    const abort = new AbortController()
    this.abort = abort
    this.following = true
    this.gone = false
    this.refused = ''
    await this.go(abort)
    if (this.abort === abort) this.following = false
  }

  /** Something happened to it: nothing to do for whoever follows. */
  stirred(): void {
    if (!this.following) void this.watch()
  }

  private async go(abort: AbortController): Promise<void> {
    let after = 0
    for (let attempt = 0; !abort.signal.aborted; attempt += 1) {
      try {
        const view = await research.view(this.id)
        if (abort.signal.aborted) return
        this.view = view
        if (past.on || isOver(this.view.state)) return
        const response = await research.follow(this.id, after, abort.signal)
        for await (const events of follow(response, SILENCE_MS)) {
          attempt = 0
          const newest = events.findLast((event) => event.event === 'run')
          if (!newest || abort.signal.aborted) continue
          after = Number(newest.id ?? after)
          this.view = JSON.parse(newest.data) as ResearchView
        }
        // At rest nothing comes of itself: a fact says when it goes on.
        if (this.view && !isAtWork(this.view.state)) return
      } catch (error) {
        if (abort.signal.aborted) return
        if (error instanceof Refusal && [404, 410].includes(error.problem.status)) {
          this.gone = true
          return
        }
        if (error instanceof Refusal && error.problem.status < 500) {
          this.refused = error.message
          return
        }
      }
      await new Promise((resolve) => setTimeout(resolve, WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)]))
    }
  }

  leave(): void {
    this.abort?.abort()
  }
}
