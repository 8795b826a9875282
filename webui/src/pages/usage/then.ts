// Usage as of an earlier moment, in milliseconds since the epoch; null: of now. Pure.
type Query = Record<string, string>

const HOUR_MS = 3_600_000

/** Sums are kept by the hour: they end with the last whole hour before the moment. */
export function sumsUntil(query: Query, atMs: number | null): Query {
  return atMs === null ? query : ending(query, Math.floor(atMs / HOUR_MS) * HOUR_MS * 1000)
}

/** Requests that had ended by then. */
export function requestsUntil(query: Query, atMs: number | null): Query {
  return atMs === null ? query : ending(query, Math.round(atMs * 1000) + 1)
}

function ending(query: Query, last: number): Query {
  const until = Math.min(last, Number(query['until'] ?? last))
  const since: Query = query['since'] === undefined ? {} : { since: String(Math.min(until, Number(query['since']))) }
  return { ...query, ...since, until: String(until) }
}
