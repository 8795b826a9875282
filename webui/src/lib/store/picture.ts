// The one picture every page shows, and the pure rule that moves it on.
//
//   snapshot (GET /api/status) → then, in the order they come: fact · status · metrics
//   A status replaces the former one; a fact is taken once, by position; metrics fill a five-minute window,
//   which begins with what was `measured` before anybody here listened.
import type {
  EngineMetrics,
  FactEntry,
  Hardware,
  Measured,
  Metrics,
  Micros,
  RecipeView,
  RuntimeEntry,
  Status,
} from '../api/types'

export const RECENT_FACTS = 400
/** How many facts from before the first snapshot are asked for: why the last start failed is among them. */
export const BACKLOG = 200
export const WINDOW_US = 5 * 60 * 1_000_000

/** An installation of an engine's runtime, as the facts tell it. */
export interface Install {
  runtime_id: string
  state: 'installing' | 'installed' | 'failed'
  phase: string
  percent: number | null
  reason: string
  next_action: string
  /** Microseconds since the epoch; null when it began before this page was opened. */
  since: Micros | null
}

export interface Sample {
  at: number
  engines: Record<string, EngineMetrics>
  requests_per_s: number | null
}

export interface Picture {
  status: Status | null
  /** Up to which event the facts are known. */
  position: number
  facts: readonly FactEntry[] // newest first
  installs: Readonly<Record<string, Install>>
  hardware: Hardware | null
  samples: readonly Sample[] // oldest first
}

export type Incoming =
  | { kind: 'snapshot'; status: Status }
  | { kind: 'status'; status: Status }
  | { kind: 'fact'; fact: FactEntry }
  | { kind: 'metrics'; metrics: Metrics }
  | { kind: 'measured'; samples: readonly Measured[] }
  | { kind: 'runtimes'; runtimes: readonly RuntimeEntry[] }
  | { kind: 'hardware'; hardware: Hardware }

export const BLANK: Picture = {
  status: null,
  position: 0,
  facts: [],
  installs: {},
  hardware: null,
  samples: [],
}

/** What a wish changes of a recipe's row, before the studio tells it. */
export interface Wished {
  patch?: Partial<Pick<RecipeView, 'pinned'>>
}

/** A status with what was wished of its recipes; the same one when nothing was. */
export function asWished(status: Status | null, wishes: Readonly<Record<string, Wished>>): Status | null {
  if (status === null || !Object.values(wishes).some((wish) => wish.patch)) return status
  const recipes = status.recipes.map((recipe) => ({ ...recipe, ...wishes[recipe.id]?.patch }))
  return { ...status, recipes }
}

export function apply(picture: Picture, incoming: Incoming): Picture {
  switch (incoming.kind) {
    case 'snapshot':
      return takeSnapshot(picture, incoming.status)
    case 'status':
      return takeStatus(picture, incoming.status)
    case 'fact':
      return takeFact(picture, incoming.fact)
    case 'metrics':
      return takeMetrics(picture, incoming.metrics)
    case 'measured':
      return { ...picture, samples: together(picture.samples, incoming.samples.map(sampled)) }
    case 'runtimes':
      return takeRuntimes(picture, incoming.runtimes)
    case 'hardware':
      return picture.hardware ? picture : { ...picture, hardware: incoming.hardware }
  }
}

/** A snapshot from before what we have seen means another log: what was known is of another world. */
function takeSnapshot(picture: Picture, status: Status): Picture {
  const recently = Math.max(0, status.position - BACKLOG)
  if (picture.status === null) return { ...picture, status, position: recently }
  if (status.position < picture.position) {
    return { ...BLANK, hardware: picture.hardware, status, position: recently }
  }
  return { ...picture, status }
}

function takeStatus(picture: Picture, status: Status): Picture {
  if (picture.status && status.position < picture.status.position) return picture
  return { ...picture, status }
}

function takeFact(picture: Picture, fact: FactEntry): Picture {
  if (fact.position <= picture.position) return picture
  return {
    ...picture,
    position: fact.position,
    facts: [fact, ...picture.facts].slice(0, RECENT_FACTS),
    installs: installsAfter(picture.installs, fact),
  }
}

function takeMetrics(picture: Picture, metrics: Metrics): Picture {
  const before = picture.samples.filter((one) => one.at < metrics.at)
  return { ...picture, hardware: metrics.hardware, samples: together(before, [sampled(metrics)]) }
}

const sampled = ({ at, engines, gateway }: Measured): Sample => ({
  at,
  engines,
  requests_per_s: gateway?.requests_per_s ?? null,
})

/** Each moment once, in their order, five minutes of them. */
function together(before: readonly Sample[], more: readonly Sample[]): readonly Sample[] {
  const all = new Map([...before, ...more].map((one) => [one.at, one]))
  const from = Math.max(...all.keys()) - WINDOW_US
  return [...all.values()].filter((one) => one.at > from).sort((a, b) => a.at - b.at)
}

/** Installations that began before this page was opened; what facts told meanwhile is newer. */
function takeRuntimes(picture: Picture, runtimes: readonly RuntimeEntry[]): Picture {
  const known = runtimes
    .filter((runtime) => runtime.state === 'installing')
    .map(({ id, phase, percent }): [string, Install] => [
      id,
      { runtime_id: id, state: 'installing', phase, percent, reason: '', next_action: '', since: null },
    ])
  return { ...picture, installs: { ...Object.fromEntries(known), ...picture.installs } }
}

function installsAfter(
  installs: Readonly<Record<string, Install>>,
  fact: FactEntry,
): Readonly<Record<string, Install>> {
  if (!fact.type.startsWith('runtime-')) return installs
  const id = String(fact.data['runtime_id'] ?? '')
  const before = installs[id] ?? {
    runtime_id: id,
    state: 'installing' as const,
    phase: '',
    percent: null,
    reason: '',
    next_action: '',
    since: fact.recorded_at,
  }
  const put = (change: Partial<Install>): Record<string, Install> => ({
    ...installs,
    [id]: { ...before, ...change },
  })
  switch (fact.type) {
    case 'runtime-install-requested':
      return put({ state: 'installing', phase: '', percent: null, reason: '', since: fact.recorded_at })
    case 'runtime-install-progressed':
      return put({
        state: 'installing',
        phase: String(fact.data['phase'] ?? ''),
        percent: (fact.data['percent'] as number | null | undefined) ?? null,
      })
    case 'runtime-installed':
      return put({ state: 'installed', phase: '', percent: 100 })
    case 'runtime-install-failed':
      return put({
        state: 'failed',
        since: fact.recorded_at,
        reason: String(fact.data['reason'] ?? ''),
        next_action: String(fact.data['next_action'] ?? ''),
      })
    default:
      return installs
  }
}
