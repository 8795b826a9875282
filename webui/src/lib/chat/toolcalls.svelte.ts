// Calls of tools as the thread shows them: what is known while they go on, and what was recorded.
import { SvelteMap, SvelteSet } from 'svelte/reactivity'
import type { Attachment, CallRow, ToolCall } from '../api/types'
import { oneLine, seen, spelledOut } from '../tools/arguments'
import { attempt } from '../store/actions'
import type { Message } from './message.svelte'

/** Where the calls of replies under way stand, by their ids, which are never used again. */
export const live = new SvelteMap<string, CallRow>()

/** What was answered here, as it was shown: a call that asks something else by now can be answered again. */
const answers = new SvelteSet<string>()
const markOf = (id: string, shown: string): string => `${id} ${shown}`

export const isAnswered = (id: string, shown: string): boolean => answers.has(markOf(id, shown))

/** Once, however often a key is struck; again where the studio refused, which is said. */
export async function answer(id: string, shown: string, ask: () => Promise<unknown>): Promise<void> {
  if (isAnswered(id, shown)) return
  answers.add(markOf(id, shown))
  if (!(await attempt(ask))) answers.delete(markOf(id, shown))
}

export interface ShownCall {
  id: string
  /** "server › tool", or what the model called it. */
  name: string
  server: string
  tool: string
  /** As the model wrote them. */
  arguments: string
  state: CallRow['state']
  /** µs since the epoch, of this state; null once it is over. */
  since: number | null
  reason: string
  /** While it asks: what an approval is of, and what the tool says of itself. */
  shown: string
  description: string
  durationMs: number | null
  /** Bytes that were left out of the result. */
  truncated: number
  approved: string
  /** null: there is none yet. */
  result: string | null
  /** Pictures that it brought. */
  files: readonly Attachment[]
}

/** The calls of an answer with their results, where those have come. */
export function callsOf(answer: Message, run: readonly Message[]): ShownCall[] {
  return answer.calls.map((call) => {
    const result = run.find((one) => one.answers === call.id)
    return result ? over(call, result) : goingOn(call, live.get(call.id))
  })
}

function over(call: ToolCall, result: Message): ShownCall {
  const tool = result.tool ?? {}
  return {
    ...named(call, tool.server ?? '', tool.tool ?? ''),
    state: (tool.outcome ?? 'done') as CallRow['state'],
    since: null,
    reason: '',
    shown: '',
    description: '',
    durationMs: tool.duration_ms ?? null,
    truncated: tool.truncated ?? 0,
    approved: tool.approved ?? '',
    result: result.text,
    files: result.attachments,
  }
}

/** Without a row nobody carries it out any more: what became of it is not known. */
function goingOn(call: ToolCall, row: CallRow | undefined): ShownCall {
  return {
    ...named(call, row?.server ?? '', row?.tool ?? ''),
    state: row?.state ?? 'cancelled',
    since: row && (row.state === 'asking' || row.state === 'running') ? row.since : null,
    reason: row?.reason ?? '',
    shown: row?.shown ?? '',
    description: row?.description ?? '',
    durationMs: row?.duration_ms ?? null,
    truncated: row?.truncated ?? 0,
    approved: row?.approved ?? '',
    result: null,
    files: [],
  }
}

function named(call: ToolCall, server: string, tool: string) {
  const name = server ? `${server} › ${tool}` : call.name
  return { id: call.id, name, server, tool, arguments: call.arguments }
}

/** Arguments as a model wrote them, as people read them: on one line, and spelled out. */
export function readable(text: string): { line: string; full: string } {
  try {
    const told = JSON.parse(text || '{}') as Record<string, unknown>
    if (typeof told !== 'object' || told === null) throw new TypeError('no object')
    if (/\d{16}/.test(text)) throw new RangeError('a number would be shown as another')
    return { line: oneLine(told), full: spelledOut(told) }
  } catch {
    return { line: seen(text.replace(/\s+/g, ' ')), full: seen(text) }
  }
}
