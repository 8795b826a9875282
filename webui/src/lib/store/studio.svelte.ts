// The store: one picture, kept true by one connection. Pages read it; nobody polls.
//
//   connect: GET /api/status → GET /api/events (Last-Event-ID) → live
//   lost:    wait 1, 2, 4, 8, 15 s … (or "retry now") → connect again; the last picture stays on screen
import { api, Refusal, request } from '../api/client'
import { follow, type SseMessage } from '../api/sse'
import type { EngineView, FactEntry, Measured, Metrics, RecipeView, Status } from '../api/types'
import type { Action } from '../lifecycle'
import { apply, asWished, BLANK, type Incoming, type Picture, type Wished } from './picture'

const SILENCE_MS = 40_000
const WAITS_S = [1, 2, 4, 8, 15]
const UNTOLD_MS = 2000

/** What a person asked of a recipe. */
export interface Wish extends Wished {
  action: Action | 'pin'
  /** The studio has it: the next status says what became of it. */
  sent: boolean
}

export type Link =
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'locked' }
  | { state: 'lost'; retryAt: number; attempt: number }

export class Studio {
  /** What is known of now. */
  live = $state.raw<Picture>(BLANK)
  /** What is shown instead, while a person looks at the past. */
  then = $state.raw<Picture | null>(null)
  link = $state.raw<Link>({ state: 'connecting' })
  /** Counts up when the stream said that it left something out: pages with lists load again. */
  resyncs = $state(0)
  /** What was asked here and is not yet seen in a status, by recipe: shown at once. */
  asked = $state.raw<Readonly<Record<string, Wish>>>({})

  private wake: (() => void) | null = null
  private listeners = new Set<(fact: FactEntry) => void>()
  private running = false
  /** Facts up to here are told for the record only: nobody has to act on them. */
  private snapshotAt = 0

  /** What every page shows. */
  get picture(): Picture {
    return this.then ?? this.live
  }

  private shown = $derived(asWished(this.picture.status, this.asked))

  get status(): Status | null {
    return this.shown
  }

  get active(): RecipeView | null {
    const status = this.status
    return status?.recipes.find((r) => r.id === status.active) ?? null
  }

  recipe(id: string | null | undefined): RecipeView | null {
    return this.status?.recipes.find((r) => r.id === id) ?? null
  }

  engine(recipeId: string | null | undefined): EngineView | null {
    const newest = this.recipe(recipeId)?.engine_id
    const engines = this.status?.engines.filter((e) => e.recipe_id === recipeId) ?? []
    return engines.find((e) => e.engine_id === newest) ?? engines.at(-1) ?? null
  }

  /** Called for every fact as it happens; returns the way to stop listening. */
  onFact(listener: (fact: FactEntry) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  retryNow(): void {
    this.wake?.()
  }

  /** Runs for as long as the page lives. */
  async run(): Promise<void> {
    if (this.running) return
    this.running = true
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.connectOnce(() => {
          attempt = 0
        })
      } catch (error) {
        if (error instanceof Refusal && [401, 403].includes(error.problem.status)) {
          this.link = { state: 'locked' }
          await this.pause(null)
          continue
        }
      }
      const seconds = WAITS_S[Math.min(attempt, WAITS_S.length - 1)] ?? 15
      this.link = { state: 'lost', retryAt: Date.now() + seconds * 1000, attempt }
      await this.pause(seconds * 1000)
    }
  }

  private async connectOnce(opened: () => void): Promise<void> {
    const abort = new AbortController()
    try {
      const first = this.live.status === null
      this.take({ kind: 'snapshot', status: await api.status(abort.signal) })
      if (first) this.snapshotAt = this.live.status?.position ?? 0
      const after = this.live.position
      const response = await request(`/api/events?after=${after}`, {
        headers: { accept: 'text/event-stream', 'last-event-id': String(after) },
        signal: abort.signal,
      })
      this.link = { state: 'live' }
      opened()
      void this.seeTheRest()
      for await (const messages of follow(response, SILENCE_MS)) {
        for (const message of messages) await this.hear(message)
      }
    } finally {
      abort.abort()
    }
  }

  private async hear(message: SseMessage): Promise<void> {
    switch (message.event) {
      case 'fact': {
        const fact = JSON.parse(message.data) as FactEntry
        const before = this.live.position
        this.take({ kind: 'fact', fact })
        const isNew = this.live.position > before && fact.position > this.snapshotAt
        if (isNew) this.listeners.forEach((listener) => listener(fact))
        return
      }
      case 'status':
        return this.take({ kind: 'status', status: JSON.parse(message.data) as Status })
      case 'metrics':
        return this.take({ kind: 'metrics', metrics: JSON.parse(message.data) as Metrics })
      case 'measured':
        return this.take({ kind: 'measured', ...(JSON.parse(message.data) as { samples: Measured[] }) })
      case 'resync':
        this.take({ kind: 'snapshot', status: await api.status() })
        this.resyncs += 1
    }
  }

  /** What facts and measurements will tell from now on, as it is when the connection opens. */
  private async seeTheRest(): Promise<void> {
    const [machine, installs] = await Promise.allSettled([api.hardware(), api.runtimes()])
    if (machine.status === 'fulfilled') this.take({ kind: 'hardware', hardware: machine.value })
    if (installs.status === 'fulfilled') this.take({ kind: 'runtimes', runtimes: installs.value.runtimes })
  }

  take(incoming: Incoming): void {
    this.live = apply(this.live, incoming)
    if (incoming.kind === 'status') this.forget((wish) => wish.sent)
  }

  /** Shows a wish at once; it stands until the studio tells how things are, or refuses. */
  wish(recipeId: string, wish: Omit<Wish, 'sent'>): { sent: () => void; refused: () => void } {
    const mine: Wish = { ...wish, sent: false }
    this.asked = { ...this.asked, [recipeId]: mine }
    const drop = (): void => this.forget((other, id) => id === recipeId && other.action === mine.action)
    return {
      sent: () => {
        if (this.asked[recipeId] !== mine) return
        this.asked = { ...this.asked, [recipeId]: { ...mine, sent: true } }
        setTimeout(drop, UNTOLD_MS) // it was so already: no status will tell
      },
      refused: drop,
    }
  }

  private forget(which: (wish: Wish, recipeId: string) => boolean): void {
    const kept = Object.entries(this.asked).filter(([id, wish]) => !which(wish, id))
    if (kept.length < Object.keys(this.asked).length) this.asked = Object.fromEntries(kept)
  }

  private pause(ms: number | null): Promise<void> {
    return new Promise<void>((resolve) => {
      const timer = ms === null ? undefined : setTimeout(resolve, ms)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    }).then(() => {
      this.wake = null
      this.link = { state: 'connecting' }
    })
  }
}

export const studio = new Studio()
