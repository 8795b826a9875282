// Whether requests came or went: a mark that is another one then, and the same while nothing happens.
// What is refused at the door stands in no status, so a measured rate counts too.
import { untrack } from 'svelte'
import { studio } from './studio.svelte'

class Traffic {
  readonly mark = $derived.by((): string => {
    const { status, samples } = studio.live
    const today = status?.recipes.reduce((sum, recipe) => sum + recipe.requests_today, 0) ?? 0
    return `${status?.in_flight ?? 0} ${today} ${samples.at(-1)?.requests_per_s ?? 0}`
  })
}

export const traffic = new Traffic()

/** How often a question that nobody answered is asked once more, each time after twice the wait. */
const TRIES = 5

/** What a page shows of requests: asked for again when some came or went since, or when no answer came. */
export class Follower {
  private mark = ''
  private askedAt = 0
  private failed = 0
  private left = false
  private timer: ReturnType<typeof setTimeout> | undefined

  /** Made while a component begins; `wait` says how many milliseconds lie between two questions. */
  constructor(
    private readonly again: () => unknown,
    private readonly wait: () => number,
  ) {
    $effect(() => {
      if (traffic.mark !== this.mark && this.askedAt > 0 && this.timer === undefined) this.later()
    })
    $effect(() => () => {
      this.left = true
      clearTimeout(this.timer)
    })
  }

  /** It is asked now: what came until now is in the answer. */
  asking(): void {
    this.mark = untrack(() => traffic.mark)
    this.askedAt = Date.now()
  }

  /** Whether the answer came. */
  heard(came: boolean): void {
    this.failed = came ? 0 : this.failed + 1
    if (!came && this.failed <= TRIES && !this.left && this.timer === undefined) this.later()
  }

  private later(): void {
    const wait = untrack(this.wait) * 2 ** Math.min(this.failed, TRIES)
    const rest = Math.max(wait / 4, this.askedAt + wait - Date.now())
    this.timer = setTimeout(() => {
      this.timer = undefined
      if (studio.link.state === 'live') void this.again()
    }, rest)
  }
}
