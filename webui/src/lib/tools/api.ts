// MCP servers, their tools and calls: the shapes, and how they are asked for. It comes with the pages
// that need it, not with the first load.
import { asOf } from '../api/as_of'
import { get, send } from '../api/client'
import type { Schemas, Sent } from '../api/types'
import { approvalsThen, serversThen } from '../past/tools_then'

export const POLICIES = ['ask', 'always', 'never'] as const
export type Policy = (typeof POLICIES)[number]
export const SCOPES = ['once', 'conversation', 'always'] as const
export type Scope = (typeof SCOPES)[number]

/** Of secrets only the names. */
export type McpServer = Sent<Schemas['McpServerView']>
export type Transport = McpServer['transport']
export type ServerState = McpServer['state']
export type McpServerDetail = Sent<Schemas['McpServerDetail']>
export type Tool = McpServerDetail['tool_list'][number]
export type Resource = McpServerDetail['resource_list'][number]
export type Prompt = McpServerDetail['prompt_list'][number]
/** What is saved. In `env` and `headers`, null keeps the value that is there. */
export type ServerWish = Omit<Sent<Schemas['McpServerWish']>, 'timeout_s'> & { timeout_s?: number }

export type CallState = Sent<Schemas['CallState']>
export type Standing = CallState['state']
export type StandingApproval = Sent<Schemas['StandingApproval']>
export type LogLine = Sent<Schemas['LogLine']>
export type ImportLook = Sent<Schemas['Import']>
export type ImportedServer = ImportLook['servers'][number]
export type ResourceContent = Sent<Schemas['McpResource']>['contents'][number]
export type PromptMessage = Sent<Schemas['McpPrompt']>['messages'][number]

const at = encodeURIComponent
const server = (name: string): string => `/api/mcp/servers/${at(name)}`

export const mcp = {
  servers: async (): Promise<McpServer[]> =>
    asOf.state ? serversThen(asOf.state) : (await get<{ servers: McpServer[] }>('/api/mcp/servers')).servers,
  server: (name: string) => get<McpServerDetail>(server(name)),
  save: (name: string, wish: ServerWish) => send<Sent<Schemas['McpServerSavedView']>>('PUT', server(name), wish),
  remove: (name: string) => send('DELETE', server(name)),
  turn: (name: string, how: 'start' | 'stop' | 'restart') => send('POST', `${server(name)}/${how}`),
  /** Where a person signs in at it; the browser comes back by itself. */
  signIn: async (name: string) => (await send<Sent<Schemas['SignInAddress']>>('POST', `${server(name)}/sign-in`))!.url,
  signOut: (name: string) => send('DELETE', `${server(name)}/sign-in`),
  /** `shown`: as the tool told it; "always" for something else by now is refused. */
  setPolicy: (name: string, tool: string, policy: Policy, shown: string) =>
    send('PUT', `${server(name)}/tools/${at(tool)}/policy`, { policy, shown }),
  look: (text: string) => send<ImportLook>('POST', '/api/mcp/import', { text, look: true }),
  bring: (text: string, only: readonly string[]) =>
    send<ImportLook>('POST', '/api/mcp/import', { text, look: false, only }),
  resource: async (name: string, uri: string) =>
    (await send<{ contents: ResourceContent[] }>('POST', `${server(name)}/resource`, { uri }))!.contents,
  prompt: async (name: string, prompt: string, args: Record<string, string>) =>
    (await send<{ messages: PromptMessage[] }>('POST', `${server(name)}/prompt`, { prompt, arguments: args }))!.messages,

  calls: async () => (await get<{ calls: CallState[] }>('/api/mcp/calls')).calls,
  /** `shown`: as the call told it; refused when it asks something else by now. */
  approve: (id: string, scope: Scope, shown: string) =>
    send('POST', `/api/mcp/calls/${at(id)}/approve`, { scope, shown }),
  deny: (id: string) => send('POST', `/api/mcp/calls/${at(id)}/deny`, {}),
  cancel: (id: string) => send('POST', `/api/mcp/calls/${at(id)}/cancel`),
  approvals: async (): Promise<StandingApproval[]> =>
    asOf.state
      ? approvalsThen(asOf.state)
      : (await get<{ approvals: StandingApproval[] }>('/api/mcp/approvals')).approvals,
  revoke: (id: string) => send('DELETE', `/api/mcp/approvals/${at(id)}`),
}
