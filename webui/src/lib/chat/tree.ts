// A conversation is a tree: an edited question and an answer made again stand beside the former ones,
// and one way from the first message to a last one is shown. Pure.

export interface Node {
  readonly id: string
  readonly parentId: string | null
}

/** From the first message to this one. */
export function branchTo<T extends Node>(nodes: readonly T[], leaf: string | null): T[] {
  const known = new Map(nodes.map((node) => [node.id, node]))
  const branch: T[] = []
  for (let at = leaf ? known.get(leaf) : undefined; at; ) {
    branch.push(at)
    at = at.parentId ? known.get(at.parentId) : undefined
  }
  return branch.reverse()
}

/** Those that stand where this one stands, in the order in which they came; itself among them. */
export function siblingsOf<T extends Node>(nodes: readonly T[], node: Node): T[] {
  return nodes.filter((other) => other.parentId === node.parentId)
}

/** The same for all of them: by the message that they follow. */
export function followers<T extends Node>(nodes: readonly T[]): Map<string | null, T[]> {
  const under = new Map<string | null, T[]>()
  for (const node of nodes) {
    const beside = under.get(node.parentId)
    if (beside) beside.push(node)
    else under.set(node.parentId, [node])
  }
  return under
}

/** The end of the newest way that goes on from here. */
export function newestUnder<T extends Node>(nodes: readonly T[], id: string): string {
  for (let at = id; ; ) {
    const next = nodes.findLast((node) => node.parentId === at)
    if (!next) return at
    at = next.id
  }
}

/** Most answers that stand side by side. */
export const MOST_BESIDE = 4

/** The answers to a message that are worth comparing: of each model the newest, in the order of their coming. */
export function besideEachOther<T extends Node & { readonly role: string; readonly model: string }>(
  nodes: readonly T[],
  parent: string,
): T[] {
  const answers = nodes.filter((node) => node.parentId === parent && node.role === 'assistant')
  const newest = answers.filter((one, at) => !answers.slice(at + 1).some((later) => later.model === one.model))
  return (newest.length > 1 ? newest : answers).slice(-MOST_BESIDE)
}
