// Research: the shapes, and how it is asked for.
import { asOf } from '../../lib/api/as_of'
import { get, request, send } from '../../lib/api/client'
import type { Schemas, Sent } from '../../lib/api/types'
import { providersThen } from './then'

/** `question` null: it can not be read. */
export type ResearchLine = Sent<Schemas['ResearchLine']>
export type ResearchView = Sent<Schemas['ResearchView']>
export type RunState = ResearchView['state']
export type Step = ResearchView['plan'][number]
export type Source = ResearchView['sources'][number]
export type Note = ResearchView['notes'][number]
export type Claim = ResearchView['claims'][number]
/** Something that goes on right now. */
export type Doing = ResearchView['doing'][number]
export type Budget = ResearchView['budget']
/** A captured page, with the passages that were taken from it. */
export type SourceText = Sent<Schemas['SourceText']>
export type Passage = SourceText['passages'][number]
export type Wish = Sent<Schemas['NewResearch']>

export type ProviderList = Sent<Schemas['SearchProviderList']>
export type Provider = ProviderList['providers'][number]
export type Need = Provider['needs'][number]
export type Probe = Sent<Schemas['Probe']>

export const FORMATS = ['markdown', 'json', 'bibtex'] as const
export type Format = (typeof FORMATS)[number]
export const ENDINGS: Readonly<Record<Format, string>> = { markdown: 'md', json: 'json', bibtex: 'bib' }

/** With the moment that is shown, where it is not now. */
const then = (path: string): string =>
  asOf.state ? `${path}${path.includes('?') ? '&' : '?'}at=${asOf.state.position}` : path
const run = (id: string): string => `/api/research/${encodeURIComponent(id)}`

export const research = {
  list: async () => (await get<{ runs: ResearchLine[] }>(then('/api/research'))).runs,
  begin: async (wish: Wish) => (await send<ResearchView>('POST', '/api/research', wish))!,
  view: (id: string) => get<ResearchView>(then(run(id))),
  answer: (id: string, text: string) => send('POST', `${run(id)}/answer`, { text }),
  plan: (id: string, steps: readonly { step_id?: string; question: string }[]) => send('PUT', `${run(id)}/plan`, { steps }),
  turn: (id: string, how: 'start' | 'pause' | 'stop') => send('POST', `${run(id)}/${how}`),
  /** Where it searches from now on. */
  searchWith: (id: string, providers: readonly string[]) => send('PUT', `${run(id)}/providers`, { providers }),
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
  source: (id: string, n: number) => get<SourceText>(then(`${run(id)}/sources/${n}`)),
  exported: async (id: string, format: Format): Promise<Blob> => (await request(then(`${run(id)}/export?format=${format}`))).blob(),
  erase: (id: string) => send('DELETE', run(id)),
  providers: async (): Promise<ProviderList> => {
    const now = await get<ProviderList>('/api/research/providers')
    return asOf.state ? providersThen(asOf.state, now) : now
  },
  /** What is left out stays as it is. */
  setProvider: (change: { name: string; enabled?: boolean } & Partial<Record<Need, string>>) =>
    send<ProviderList>('PUT', '/api/research/providers', change),
  probe: (name: string, key: string) =>
    send<Probe>('POST', `/api/research/providers/${encodeURIComponent(name)}/probe`, { key }),
  allowHosts: (private_hosts: readonly string[]) =>
    send<ProviderList>('PUT', '/api/research/hosts', { private_hosts }),
}
