// Research: the shapes, and how it is asked for.
import { get, request, send } from '../../lib/api/client'
import type { Micros } from '../../lib/api/types'

export type RunState =
  | 'clarifying'
  | 'planning'
  | 'planned'
  | 'searching'
  | 'reading'
  | 'checking'
  | 'writing'
  | 'paused'
  | 'done'
  | 'failed'
  | 'stopped'

export interface Budget {
  sources: number
  tokens: number
  minutes: number
}

export interface ResearchLine {
  research_id: string
  standing: 'open' | 'erased' | 'lost'
  /** null: it can not be read. */
  question: string | null
  model: string
  state: RunState
  started_at: Micros
  last_at: Micros
  sources: number
  notes: number
  problem: string
}

export interface Step {
  step_id: string
  question: string
  /** 2: it was added when gaps were found. */
  round: number
  state: 'waiting' | 'searching' | 'reading' | 'noted' | 'writing' | 'written'
  queries: string[]
  searches: { query: string; provider: string; hits: number; problem: string; next_action: string }[]
  sources: number[]
  notes: number
}

export interface Source {
  n: number
  url: string
  title: string
  site: string
  provider: string
  state: 'found' | 'reading' | 'read' | 'refused' | 'failed'
  problem: string
  next_action: string
  author: string
  date: string
  fetched_at: Micros
  truncated: boolean
  notes: number
  cited: boolean
}

export interface Note {
  note_id: string
  source: number
  step_id: string
  claim: string
  quote: string
  start: number
  end: number
}

export interface Claim {
  text: string
  notes: string[]
  /** null: it was not checked yet. */
  supported: boolean | null
}

/** Something that goes on right now. */
export interface Doing {
  kind: string
  step_id: string
  source: number
  query: string
  provider: string
}

export interface ResearchView {
  research_id: string
  question: string
  model: string
  state: RunState
  started_at: Micros
  /** Where a follower goes on. */
  position: number
  questions: string[]
  answer: string | null
  plan: Step[]
  sources: Source[]
  notes: Note[]
  report: string
  claims: Claim[]
  budget: Budget
  spent: Budget & { over: string[] }
  /** Claims that were thrown away: their quote is not in the page. */
  dropped: number
  doing: Doing[]
  problem: string
  next_action: string
}

export interface Passage {
  note_id: string
  start: number
  end: number
  claim: string
  quote: string
}

export interface SourceText {
  source: Source
  text: string
  passages: Passage[]
}

export interface Wish {
  question: string
  model: string
  budget: Budget
  providers: string[]
  clarify: boolean
}

export type Need = 'url' | 'key' | 'folder' | 'tool'
export interface Provider {
  name: string
  kind: string
  enabled: boolean
  /** Somebody has configured it. */
  saved: boolean
  ready: boolean
  problem: string
  next_action: string
  needs: Need[]
  url: string
  has_key: boolean
  folder: string
  tool: string
}

export interface ProviderList {
  providers: Provider[]
  /** Hosts of private networks that may be read. */
  private_hosts: string[]
}

export interface Probe {
  works: boolean
  found: number
  took_ms: number
  problem: string
  next_action: string
}

export const FORMATS = ['markdown', 'json', 'bibtex'] as const
export type Format = (typeof FORMATS)[number]
export const ENDINGS: Readonly<Record<Format, string>> = { markdown: 'md', json: 'json', bibtex: 'bib' }

const run = (id: string): string => `/api/research/${encodeURIComponent(id)}`

export const research = {
  list: async () => (await get<{ runs: ResearchLine[] }>('/api/research')).runs,
  begin: async (wish: Wish) => (await send<ResearchView>('POST', '/api/research', wish))!,
  view: (id: string) => get<ResearchView>(run(id)),
  answer: (id: string, text: string) => send('POST', `${run(id)}/answer`, { text }),
  plan: (id: string, steps: readonly { step_id?: string; question: string }[]) => send('PUT', `${run(id)}/plan`, { steps }),
  turn: (id: string, how: 'start' | 'pause' | 'stop') => send('POST', `${run(id)}/${how}`),
  /** With another model, where one is named. */
  resume: (id: string, model = '') => send('POST', `${run(id)}/resume`, { model }),
  /** A conversation that begins with the report. */
  converse: async (id: string) =>
    (await send<{ conversation_id: string }>('POST', `${run(id)}/conversation`))!.conversation_id,
  follow: (id: string, after: number, signal: AbortSignal) =>
    request(`${run(id)}/follow?after=${after}`, {
      headers: { accept: 'text/event-stream', 'last-event-id': String(after) },
      signal,
    }),
  source: (id: string, n: number) => get<SourceText>(`${run(id)}/sources/${n}`),
  exported: async (id: string, format: Format): Promise<Blob> => (await request(`${run(id)}/export?format=${format}`)).blob(),
  erase: (id: string) => send('DELETE', run(id)),
  providers: () => get<ProviderList>('/api/research/providers'),
  /** What is left out stays as it is. */
  setProvider: (change: { name: string; enabled?: boolean } & Partial<Record<Need, string>>) =>
    send<ProviderList>('PUT', '/api/research/providers', change),
  probe: (name: string, key: string) =>
    send<Probe>('POST', `/api/research/providers/${encodeURIComponent(name)}/probe`, { key }),
  allowHosts: (private_hosts: readonly string[]) =>
    send<ProviderList>('PUT', '/api/research/hosts', { private_hosts }),
}
