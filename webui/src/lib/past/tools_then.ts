// MCP servers of a moment, in the shapes that the page of tools shows. Pure.
//
// What a server offered, wrote and was called with is no event: it is not made up of what is there today.
import type { StateAt } from '../api/types'
import type { McpServer, ServerState, StandingApproval, Transport } from '../tools/api'

type ServerThen = StateAt['mcp_servers'][number]

export function serversThen(state: StateAt): McpServer[] {
  return state.mcp_servers.map(serverThen)
}

function serverThen({ policies, saved_at, saved_by, reason, code, tools, ...saved }: ServerThen): McpServer {
  return {
    ...saved,
    transport: saved.transport as Transport,
    state: saved.state as ServerState,
    problem: saved.state === 'failed' || saved.state === 'needs-sign-in' ? reason : '',
    next_action: '',
    tools: tools ?? 0,
    resources: 0,
    prompts: 0,
    restarts: 0,
    ping_ms: null,
    signed_in: false,
  }
}

/** The policies that had been set, by tool; which other tools there were, nobody recorded. */
export function policiesThen(state: StateAt, server: string): [tool: string, policy: string][] {
  return Object.entries(state.mcp_servers.find((one) => one.name === server)?.policies ?? {})
}

/** Whether server and tool still were what they had been is not known, so nothing is said of it. */
export function approvalsThen(state: StateAt): StandingApproval[] {
  return state.approvals.map((one) => ({ ...one, arguments: null, valid: true })).reverse()
}
