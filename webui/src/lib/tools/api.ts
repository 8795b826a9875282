// MCP servers, their tools and calls: the shapes, and how they are asked for. It comes with the pages
// that need it, not with the first load.
import { get, send } from '../api/client'
import type { Micros } from '../api/types'

export type Transport = 'stdio' | 'http'
export type ServerState = 'off' | 'starting' | 'ready' | 'failed'
export const POLICIES = ['ask', 'always', 'never'] as const
export type Policy = (typeof POLICIES)[number]
export const SCOPES = ['once', 'conversation', 'always'] as const
export type Scope = (typeof SCOPES)[number]
export type Standing = 'asking' | 'running' | 'done' | 'failed' | 'denied' | 'timed-out' | 'cancelled'

export interface McpServer {
  name: string
  transport: Transport
  command: string
  args: string[]
  cwd: string
  url: string
  /** Of secrets only the names. */
  env: string[]
  headers: string[]
  enabled: boolean
  timeout_s: number
  state: ServerState
  since: Micros
  problem: string
  next_action: string
  version: string
  tools: number
  resources: number
  prompts: number
  restarts: number
  pid: number | null
  ping_ms: number | null
}

export interface Tool {
  tool: string
  name: string
  title: string
  description: string
  parameters: Record<string, unknown>
  policy: Policy
  /** The server's own words, no promise. */
  read_only: boolean | null
  destructive: boolean | null
  /** Another definition than the one its "always" was given for. */
  changed: boolean
  calls: number
  last_at: Micros | null
}

export interface Resource {
  uri: string
  name: string
  title: string
  description: string
  mime: string
  size: number | null
  /** Its uri has places to fill. */
  template: boolean
}

export interface Prompt {
  name: string
  title: string
  description: string
  arguments: { name: string; description: string; required: boolean }[]
}

export interface McpServerDetail extends McpServer {
  tool_list: Tool[]
  resource_list: Resource[]
  prompt_list: Prompt[]
  instructions: string
}

/** What is saved. In `env` and `headers`, null keeps the value that is there. */
export interface ServerWish {
  transport: Transport
  command: string
  args: string[]
  cwd: string
  url: string
  env: Record<string, string | null>
  headers: Record<string, string | null>
  enabled: boolean
  timeout_s?: number
}

export interface CallState {
  call_id: string
  conversation_id: string
  reply_id: string
  server: string
  tool: string
  arguments: Record<string, unknown>
  arguments_hash: string
  state: Standing
  since: Micros
  reason: string
  ended_at: Micros | null
  duration_ms: number
  bytes: number
  truncated: number
  approved: Scope | 'policy' | ''
}

export interface StandingApproval {
  approval_id: string
  server: string
  tool: string
  /** Known while the studio that was told them runs. */
  arguments: Record<string, unknown> | null
  arguments_hash: string
  approved_at: Micros
  approved_by: string
  /** The server and the tool are what they were, as far as is known now. */
  valid: boolean
}

export interface LogLine {
  number: number
  at: Micros
  source: 'stderr' | 'stdout' | 'message' | 'studio'
  text: string
}

export interface ImportedServer {
  name: string
  transport: Transport
  command: string
  args: string[]
  url: string
  env: string[]
  headers: string[]
  outcome: 'new' | 'changed' | 'same' | 'refused'
  message: string
  next_action: string
}

export interface ImportLook {
  servers: ImportedServer[]
  message: string
  line: number | null
}

export interface ResourceContent {
  uri: string
  mime: string
  text: string | null
  size: number
  truncated: number
  data: string | null
}

export interface PromptMessage {
  role: string
  text: string
}

const at = encodeURIComponent
const server = (name: string): string => `/api/mcp/servers/${at(name)}`

export const mcp = {
  servers: async () => (await get<{ servers: McpServer[] }>('/api/mcp/servers')).servers,
  server: (name: string) => get<McpServerDetail>(server(name)),
  save: (name: string, wish: ServerWish) => send<{ server: McpServer; problems: { message: string }[] }>('PUT', server(name), wish),
  remove: (name: string) => send('DELETE', server(name)),
  turn: (name: string, how: 'start' | 'stop' | 'restart') => send('POST', `${server(name)}/${how}`),
  setPolicy: (name: string, tool: string, policy: Policy) =>
    send('PUT', `${server(name)}/tools/${at(tool)}/policy`, { policy }),
  log: (name: string, after: number, signal?: AbortSignal) =>
    get<{ lines: LogLine[] }>(`${server(name)}/log?after=${after}`, signal),
  look: (text: string) => send<ImportLook>('POST', '/api/mcp/import', { text, look: true }),
  bring: (text: string, only: readonly string[]) =>
    send<ImportLook>('POST', '/api/mcp/import', { text, look: false, only }),
  resource: async (name: string, uri: string) =>
    (await send<{ contents: ResourceContent[] }>('POST', `${server(name)}/resource`, { uri }))!.contents,
  prompt: async (name: string, prompt: string, args: Record<string, string>) =>
    (await send<{ messages: PromptMessage[] }>('POST', `${server(name)}/prompt`, { prompt, arguments: args }))!.messages,

  calls: async () => (await get<{ calls: CallState[] }>('/api/mcp/calls')).calls,
  approve: (id: string, scope: Scope) => send('POST', `/api/mcp/calls/${at(id)}/approve`, { scope }),
  deny: (id: string) => send('POST', `/api/mcp/calls/${at(id)}/deny`, {}),
  cancel: (id: string) => send('POST', `/api/mcp/calls/${at(id)}/cancel`),
  approvals: async () => (await get<{ approvals: StandingApproval[] }>('/api/mcp/approvals')).approvals,
  revoke: (id: string) => send('DELETE', `/api/mcp/approvals/${at(id)}`),
}
