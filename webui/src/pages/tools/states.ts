// States of servers and outcomes of calls in the marks that the window has. Pure.
import type { EngineState } from '../../lib/api/types'
import type { McpServer, ServerState, Standing } from '../../lib/tools/api'

export const MARKS: Readonly<Record<ServerState, EngineState>> = {
  off: 'stopped',
  starting: 'starting',
  ready: 'ready',
  failed: 'failed',
  'needs-sign-in': 'failed',
}

export const CALL_MARKS: Readonly<Record<Standing, EngineState>> = {
  asking: 'loading',
  running: 'starting',
  done: 'ready',
  failed: 'failed',
  denied: 'stopped',
  'timed-out': 'failed',
  cancelled: 'stopped',
}

/** Where it is: the command as it is started, or the address. */
export function whereOf(server: McpServer): string {
  const quoted = (word: string): string => (/[\s"']/.test(word) ? JSON.stringify(word) : word)
  return server.transport === 'http' ? server.url : [server.command, ...server.args].map(quoted).join(' ')
}
