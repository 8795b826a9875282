// Facts in the order they are shown. Pure.
import type { FactEntry } from '../../lib/api/types'

export const KINDS = ['switch', 'engine', 'recipe', 'gateway', 'runtime', 'app'] as const
export type Kind = (typeof KINDS)[number]

/** What a fact is about, from its type's first word; whatever has no kind of its own is the app's. */
export function kindOf(type: string): Kind {
  const first = type.split('-')[0]
  return KINDS.find((kind) => kind === first) ?? 'app'
}

/** Two runs of entries as one: newest first, each position once. */
export function joined(a: readonly FactEntry[], b: readonly FactEntry[]): FactEntry[] {
  const byPosition = new Map([...b, ...a].map((entry) => [entry.position, entry]))
  return [...byPosition.values()].sort((x, y) => y.position - x.position)
}

export interface Day {
  key: string
  at: number
  entries: FactEntry[]
}

/** By local calendar day. */
export function byDay(entries: readonly FactEntry[]): Day[] {
  const days: Day[] = []
  for (const entry of entries) {
    const key = new Date(entry.recorded_at / 1000).toDateString()
    const day = days.at(-1)
    if (day?.key === key) day.entries.push(entry)
    else days.push({ key, at: entry.recorded_at, entries: [entry] })
  }
  return days
}
