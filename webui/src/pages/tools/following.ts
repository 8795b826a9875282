// A server's log as it is written, over as many connections as it takes. The studio says each line
// once, after the one that was heard last; nothing is asked for again.
import { Refusal, request } from '../../lib/api/client'
import { follow } from '../../lib/api/sse'
import type { LogLine } from '../../lib/tools/api'

const SILENCE_MS = 40_000
const QUIET_MS = 300 // then nothing was written yet
const WAITS_MS = [500, 1000, 2000, 4000, 8000]

/** `heard` is told what is new, and nothing where nothing is. Returns when there is no such server any more, or nobody wants to know. */
export async function followLog(
  name: string,
  signal: AbortSignal,
  heard: (lines: readonly LogLine[]) => void,
): Promise<void> {
  let after = 0
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const response = await request(`/api/mcp/servers/${encodeURIComponent(name)}/log/stream`, {
        headers: { accept: 'text/event-stream', 'last-event-id': String(after) },
        signal,
      })
      const quiet = setTimeout(() => heard([]), QUIET_MS)
      for await (const events of follow(response, SILENCE_MS)) {
        clearTimeout(quiet)
        attempt = 0
        if (signal.aborted) return
        heard(events.flatMap(({ data }) => (JSON.parse(data) as { lines: LogLine[] }).lines))
        after = Number(events.at(-1)?.id ?? after)
      }
      clearTimeout(quiet)
    } catch (error) {
      if (signal.aborted || (error instanceof Refusal && error.problem.status < 500)) return
    }
    await pause(WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)]!, signal)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
