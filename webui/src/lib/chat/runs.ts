// An answer that calls tools is several messages: what calls, what the tools say, what is said then.
// They are shown as one. Pure.
import type { Node } from './tree'

export interface Said extends Node {
  readonly role: string
  readonly calls?: readonly unknown[]
}

const follows = (before: Said | undefined, one: Said): boolean =>
  before !== undefined &&
  ((one.role === 'tool' && before.role !== 'user' && before.role !== 'system') ||
    (one.role === 'assistant' && (before.role === 'tool' || (before.calls?.length ?? 0) > 0)))

/** The messages of a branch that begin something: a question, or an answer with all that it called. */
export function headsOf<T extends Said>(branch: readonly T[]): T[] {
  return branch.filter((one, at) => !follows(branch[at - 1], one))
}

/** An answer from its first message to its last: along this branch where it is on it, else the newest way. */
export function runOf<T extends Said>(nodes: readonly T[], branch: readonly T[], head: T): T[] {
  const run = [head]
  const at = branch.indexOf(head)
  const next = (last: T): T | undefined =>
    at < 0 ? nodes.findLast((node) => node.parentId === last.id) : branch[at + run.length]
  for (let one = next(head); one && follows(run.at(-1), one); one = next(one)) run.push(one)
  return run
}

/** The first message of the run that one is in. */
export function headOf<T extends Said>(branch: readonly T[], one: T): T {
  let at = branch.indexOf(one)
  while (at > 0 && follows(branch[at - 1], branch[at]!)) at -= 1
  return branch[at] ?? one
}
