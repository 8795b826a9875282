// A long list in pieces that stay the same when items come at its end or before its beginning. Pure.

const DOZEN = 32

/** Pieces of so many, counted from `anchor` in both directions. */
export function inDozens<T>(items: readonly T[], anchor: T | undefined, size = DOZEN): T[][] {
  const at = anchor === undefined ? -1 : items.indexOf(anchor)
  const dozens: T[][] = []
  for (let from = at > 0 && at % size > 0 ? (at % size) - size : 0; from < items.length; from += size) {
    dozens.push(items.slice(Math.max(0, from), from + size))
  }
  return dozens
}
