// An MCP server as a form: text in, a wish out. A secret that is kept is never in the form. Pure.
import type { McpServer, ServerWish, Transport } from '../../lib/tools/api'

/** Works as it is where uv is installed: the time in any zone. */
export const SAMPLE = `{
  "mcpServers": {
    "time": {
      "command": "uvx",
      "args": ["mcp-server-time"]
    }
  }
}`

export interface Secret {
  name: string
  value: string
  /** There is a value already; empty keeps it. */
  kept: boolean
}

export interface Draft {
  name: string
  transport: Transport
  command: string
  /** One a line. */
  args: string
  cwd: string
  url: string
  env: Secret[]
  headers: Secret[]
  timeout: string
}

const kept = (names: readonly string[]): Secret[] => names.map((name) => ({ name, value: '', kept: true }))
export const NO_SECRET: Secret = { name: '', value: '', kept: false }

export function draftOf(server: McpServer | null): Draft {
  return {
    name: server?.name ?? '',
    transport: server?.transport ?? 'stdio',
    command: server?.command ?? '',
    args: (server?.args ?? []).join('\n'),
    cwd: server?.cwd ?? '',
    url: server?.url ?? '',
    env: kept(server?.env ?? []),
    headers: kept(server?.headers ?? []),
    timeout: server ? String(server.timeout_s) : '',
  }
}

export function wishOf(draft: Draft, before: McpServer | null): ServerWish {
  const local = draft.transport === 'stdio'
  return {
    transport: draft.transport,
    command: local ? draft.command.trim() : '',
    args: local ? draft.args.split('\n').map((one) => one.trim()).filter(Boolean) : [],
    cwd: local ? draft.cwd.trim() : '',
    url: local ? '' : draft.url.trim(),
    env: local || before?.transport === 'http' ? secretsOf(draft.env) : {},
    headers: local ? {} : secretsOf(draft.headers),
    enabled: before?.enabled ?? true,
    ...timeoutOf(draft.timeout),
  }
}

function secretsOf(rows: readonly Secret[]): Record<string, string | null> {
  return Object.fromEntries(
    rows
      .filter((row) => row.name.trim())
      .map((row) => [row.name.trim(), row.kept && row.value === '' ? null : row.value]),
  )
}

/** A number as typed, or the server's own; what is none is sent as it is, and the server says so. */
function timeoutOf(text: string): { timeout_s?: number } {
  const typed = text.trim().replace(',', '.')
  if (typed === '') return {}
  const number = Number(typed)
  return { timeout_s: (Number.isFinite(number) ? number : typed) as number }
}

/** As it is saved, to be saved again: every secret kept. */
export function sameAgain(server: McpServer): ServerWish {
  return wishOf(draftOf(server), server)
}

/** Whether a change can be taken back: not where a secret was replaced or taken out, nor where those
 *  that are kept would go to another program or place. */
export function canRevert(before: McpServer, wish: ServerWish): boolean {
  const secrets = before.env.length + before.headers.length > 0
  if (secrets && (before.command !== wish.command || before.url !== wish.url)) return false
  const held = (names: readonly string[], said: Record<string, string | null>): boolean =>
    names.every((name) => said[name] === null)
  return held(before.env, wish.env) && held(before.headers, wish.headers)
}

/** "npx -y thing" typed or pasted as one: a command and its arguments. Null: it is one word already. */
export function splitUp(command: string): { command: string; args: string[] } | null {
  const words = [...command.trim().matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2] ?? m[3] ?? '')
  return words.length > 1 ? { command: words[0]!, args: words.slice(1) } : null
}
