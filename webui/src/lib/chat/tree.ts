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

/** The end of the newest way that goes on from here. */
export function newestUnder<T extends Node>(nodes: readonly T[], id: string): string {
  for (let at = id; ; ) {
    const next = nodes.findLast((node) => node.parentId === at)
    if (!next) return at
    at = next.id
  }
}
