// One way to ask the studio for anything, and one kind of error when it refuses.
import { asOf } from './as_of'
import { identity } from './owner'
import type {
  AuditView,
  CacheCounts,
  CaptureCounts,
  Consequences,
  ConversationRead,
  ConversationView,
  FieldInfo,
  FieldProblem,
  FitReport,
  FoundConversation,
  Hardware,
  ImportPreview,
  ImportWish,
  KeyLimits,
  KeyList,
  KeyView,
  KeyWish,
  LaunchPreview,
  ListedModel,
  MirrorView,
  Problem,
  ProviderList,
  ProviderView,
  ProviderWish,
  Recipe,
  ReplyView,
  ReplyWish,
  RequestBodies,
  RequestList,
  Revision,
  RunningRequest,
  RuntimeEntry,
  RuntimeOffer,
  SavedRecipe,
  SettingsView,
  StateAt,
  StateDiff,
  Status,
  TimelinePage,
  UsageReport,
  VerificationView,
  VirtualModel,
  VirtualView,
  Why,
} from './types'

/** Lists of a moment: they come with the first look at the past. */
const then = (): Promise<typeof import('../past/then')> => import('../past/then')

/** The studio said no; `problem` says why, where and what to do next. */
export class Refusal extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title)
  }
}

/** Nobody answered. */
export class Unreachable extends Error {}

export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, {
      ...init,
      headers: { ...identity(), ...(init.headers as Record<string, string> | undefined) },
    })
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new Unreachable(String(error))
  }
  if (!response.ok) throw new Refusal(await problemOf(response))
  return response
}

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => '')
  const plain: Problem = {
    title: response.statusText || String(response.status),
    status: response.status,
    detail: text.slice(0, 400),
    code: 'http',
  }
  try {
    const body = JSON.parse(text) as Partial<Problem> & { error?: { message?: string; code?: string } }
    if (body.error) {
      return { ...plain, detail: body.error.message ?? '', code: body.error.code ?? 'http' }
    }
    return { ...plain, ...body, detail: body.detail ?? plain.title, status: response.status }
  } catch {
    return plain
  }
}

/** For pages that bring their own part of the interface with them. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await request(path, { signal: signal ?? null })).json() as Promise<T>
}

/** Whatever changes something: refused here while the past is shown. */
export async function send<T>(
  method: string,
  path: string,
  body?: unknown,
  signal: AbortSignal | null = null,
): Promise<T | null> {
  if (asOf.barred) throw barred()
  const response = await request(path, {
    method,
    signal,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await response.text()
  return text ? (JSON.parse(text) as T) : null
}

function barred(): Refusal {
  return new Refusal({ title: asOf.barred, detail: asOf.barred, status: 409, code: 'looking-at-the-past' })
}

const at = encodeURIComponent

export const api = {
  status: (signal?: AbortSignal) => get<Status>('/api/status', signal),
  hardware: () => get<Hardware>('/api/gpus'),
  runtimes: () => get<{ runtimes: RuntimeEntry[]; available: RuntimeOffer[] }>('/api/runtimes'),

  switchTo: (target: string, force = false) => send('POST', '/api/switch', { target, force, wait: false }),
  evict: (target: string | null, force = false) => send('POST', '/api/evict', { target, force, wait: false }),
  load: (target: string) => send('POST', '/api/load', { target, wait: false }),
  sleep: (target: string) => send('POST', '/api/sleep', { target, wait: false }),
  cancel: (target: string | null = null) => send('POST', '/api/cancel', { target }),
  cancelRequest: (id: string) => send('POST', '/api/cancel', { request_id: id }),
  runningRequests: async () =>
    (await get<{ requests: RunningRequest[] }>('/api/requests/running')).requests,
  setUpDemo: () => send('POST', '/api/demo', { action: 'setup' }),

  /** Those in use, then those in the archive. */
  recipes: async (): Promise<SavedRecipe[]> => {
    const { state } = asOf
    if (state) return (await then()).recipesThen(state)
    const lists = await Promise.all(
      [false, true].map((archived) =>
        get<{ recipes: SavedRecipe[] }>(`/api/recipes?archived=${archived}`),
      ),
    )
    return lists.flatMap((list) => list.recipes)
  },
  recipe: (id: string) => get<SavedRecipe>(`/api/recipes/${at(id)}`),
  createRecipe: (recipe: Recipe) => send<SavedRecipe>('POST', '/api/recipes', recipe),
  reviseRecipe: (recipe: Recipe, revision: number) =>
    send<SavedRecipe>('PUT', `/api/recipes/${at(recipe.id)}?expected_revision=${revision}`, recipe),
  /** Everything that is wrong with it; a new one's id has to be free. */
  checkRecipe: (recipe: Recipe, isNew = false) =>
    send<{ problems: FieldProblem[] }>('POST', `/api/recipes/check${isNew ? '?new=true' : ''}`, recipe),
  recipeFields: () => get<FieldInfo[]>('/api/recipes/fields'),
  /** Changes nothing, so it is asked of the past too. */
  previewLaunch: async (recipe: Recipe, against: Recipe | null, signal?: AbortSignal) =>
    (await request('/api/recipes/preview', {
      method: 'POST',
      signal: signal ?? null,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ recipe, against }),
    })).json() as Promise<LaunchPreview>,
  revisions: async (id: string): Promise<Revision[]> => {
    const until = asOf.state ? `?at=${asOf.state.position}` : ''
    return (await get<{ revisions: Revision[] }>(`/api/recipes/${at(id)}/revisions${until}`)).revisions
  },
  previewImport: (wish: ImportWish) => send<ImportPreview>('POST', '/api/recipes/import/preview', wish),
  importRecipes: (wish: ImportWish) => send<{ imported: string[] }>('POST', '/api/recipes/import', wish),
  exportRecipes: async (format: string, id = ''): Promise<string> =>
    (await request(`/api/recipes/export?format=${format}${id ? `&recipe_id=${at(id)}` : ''}`)).text(),
  /** As it is saved, with what its earlier runs took. */
  fit: (id: string, signal?: AbortSignal) => get<FitReport>(`/api/recipes/${at(id)}/fit`, signal),
  /** As it stands in an editor. */
  fitUnsaved: (recipe: Recipe, signal?: AbortSignal) =>
    send<FitReport>('POST', '/api/recipes/fit', recipe, signal ?? null),
  archiveRecipe: (id: string) => send('DELETE', `/api/recipes/${at(id)}`),
  restoreRecipe: (id: string) => send('POST', `/api/recipes/${at(id)}/restore`),
  cloneRecipe: (id: string, copy: string) => send('POST', `/api/recipes/${at(id)}/clone`, { id: copy }),

  settings: async (): Promise<SettingsView> => {
    const now = await get<SettingsView>('/api/settings')
    const { state } = asOf
    return state ? (await then()).settingsThen(state, now) : now
  },
  /** All or none take effect; null puts a default back. */
  changeSettings: (changes: Record<string, unknown>) =>
    send<SettingsView>('PATCH', '/api/settings', changes),

  keys: async (signal?: AbortSignal): Promise<KeyList> => {
    const { state } = asOf
    if (state) return (await then()).keysThen(state)
    const first = await get<KeyList>('/api/keys', signal)
    const keys = [...first.keys]
    for (let { next } = first; next; ) {
      const page = await get<KeyList>(`/api/keys?after=${at(next)}`, signal)
      keys.push(...page.keys)
      next = page.next
    }
    return { ...first, keys, next: null }
  },
  issueKey: (wish: KeyWish) => send<{ key: KeyView; secret: string }>('POST', '/api/keys', wish),
  limitKey: (id: string, limits: Partial<KeyLimits>) =>
    send<KeyView>('PATCH', `/api/keys/${at(id)}`, limits),
  /** Lets a revoked key in again. */
  reinstateKey: (id: string) => send<KeyView>('POST', `/api/keys/${at(id)}/reinstate`),
  revokeKey: (id: string) => send<KeyView>('DELETE', `/api/keys/${at(id)}`),

  usage: (query: Record<string, string>, signal?: AbortSignal) =>
    get<UsageReport>(`/api/usage?${new URLSearchParams(query)}`, signal),
  requests: (query: Record<string, string>, signal?: AbortSignal) =>
    get<RequestList>(`/api/requests?${new URLSearchParams(query)}`, signal),
  /** A file of what was asked, to be kept. */
  usageCsv: async (query: Record<string, string>): Promise<Blob> =>
    (await request(`/api/usage?${new URLSearchParams({ ...query, format: 'csv' })}`)).blob(),

  /** What clients are told that they may ask for. */
  listedModels: async () => (await get<{ data: ListedModel[] }>('/v1/models')).data,
  virtualModels: async (): Promise<VirtualView[]> => {
    const { state } = asOf
    if (state) return (await then()).virtualModelsThen(state)
    return (await get<{ virtual_models: VirtualView[] }>('/api/virtual-models')).virtual_models
  },
  saveVirtualModel: (model: VirtualModel) => send<VirtualView>('POST', '/api/virtual-models', model),
  removeVirtualModel: (name: string) => send('DELETE', `/api/virtual-models/${at(name)}`),
  providers: async (): Promise<ProviderList> => {
    const { state } = asOf
    return state ? (await then()).providersThen(state) : get<ProviderList>('/api/providers')
  },
  /** Without a key it keeps the one it has. */
  saveProvider: (wish: ProviderWish) => send<ProviderView>('POST', '/api/providers', wish),
  removeProvider: (id: string) => send('DELETE', `/api/providers/${at(id)}`),
  cache: () => get<CacheCounts>('/api/cache'),
  clearCache: () => send<{ forgotten: number }>('DELETE', '/api/cache'),
  captures: () => get<CaptureCounts>('/api/captures'),
  forgetCaptures: () => send<{ forgotten: number }>('DELETE', '/api/captures'),
  /** What it asked and was answered, where that was captured. Each look is recorded. */
  bodies: (requestId: string) => get<RequestBodies>(`/api/requests/${at(requestId)}/body`),
  mirror: () => get<MirrorView>('/api/mirror'),

  conversations: async (): Promise<ConversationView[]> =>
    (await get<{ conversations: ConversationView[] }>(`/api/conversations${asOf.state ? `?at=${asOf.state.position}` : ''}`))
      .conversations,
  conversation: (id: string) =>
    get<ConversationRead>(`/api/conversations/${at(id)}${asOf.state ? `?at=${asOf.state.position}` : ''}`),
  searchConversations: async (text: string, signal?: AbortSignal) =>
    (await get<{ found: FoundConversation[] }>(`/api/conversations/search?text=${at(text)}`, signal)).found,
  startConversation: (wish: object) => send<ConversationView>('POST', '/api/conversations', wish),
  /** Title, folder (null: none), pin, or the message at which the shown branch ends. */
  changeConversation: (id: string, change: Record<string, unknown>) =>
    send<ConversationView>('PATCH', `/api/conversations/${at(id)}`, change),
  /** For ever: its key is destroyed. */
  eraseConversation: (id: string) => send('DELETE', `/api/conversations/${at(id)}`),
  exportConversation: async (id: string, format: string): Promise<Blob> =>
    (await request(`/api/conversations/${at(id)}/export?format=${format}`)).blob(),
  importConversations: (text: string) =>
    send<{ imported: string[] }>('POST', '/api/conversations/import', { text }),
  replies: async (id: string) =>
    (await get<{ replies: ReplyView[] }>(`/api/conversations/${at(id)}/replies`)).replies,
  beginReply: (id: string, wish: ReplyWish) =>
    send<ReplyView>('POST', `/api/conversations/${at(id)}/replies`, wish),
  stopReply: (id: string, reply: string) =>
    send('POST', `/api/conversations/${at(id)}/replies/${at(reply)}/stop`),

  timeline: (query: Record<string, string>, signal?: AbortSignal) =>
    get<TimelinePage>(`/api/timeline?${new URLSearchParams(query)}`, signal),
  why: (position: number) => get<Why>(`/api/timeline/${position}/why`),
  consequences: (position: number) => get<Consequences>(`/api/timeline/${position}/consequences`),
  /** As of a position, or a time as people write it. */
  stateAt: (moment: string) => get<StateAt>(`/api/state?at=${at(moment)}`),
  differences: (from: string, to: string) =>
    get<StateDiff>(`/api/state/diff?from=${at(from)}&to=${at(to)}`),

  audit: () => get<AuditView>('/api/audit'),
  verification: () => get<VerificationView>('/api/audit/verify'),
  verify: () => send<VerificationView>('POST', '/api/audit/verify', {}),
  export: async (format: string): Promise<Blob> =>
    (await request(`/api/audit/export?format=${format}`)).blob(),
}
