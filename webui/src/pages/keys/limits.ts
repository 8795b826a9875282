// What a key may, as a form: text in, limits out, and how near each limit is. Pure.
import { collator } from '../../lib/intl'
import type { KeyLimits, KeyUse, KeyView, Micros } from '../../lib/api/types'

export const SCOPES = ['inference', 'manage', 'audit'] as const
export const LANES = ['gateway', 'direct'] as const

/** Numbers as they are typed; empty: no limit. */
export interface Draft {
  scopes: string[]
  models: string[]
  lanes: string[]
  preferred_lane: string
  requests_per_minute: string
  tokens_per_minute: string
  parallel: string
  budget_day: string
  budget_month: string
}

export const FIGURES = [
  'requests_per_minute',
  'tokens_per_minute',
  'parallel',
  'budget_day',
  'budget_month',
] as const
export type Figure = (typeof FIGURES)[number]

export function draftOf(limits: Partial<KeyLimits>): Draft {
  const text = (value: number | null | undefined): string => (value == null ? '' : String(value))
  return {
    scopes: [...(limits.scopes ?? ['inference'])],
    models: [...(limits.models ?? [])],
    lanes: [...(limits.lanes ?? [])],
    preferred_lane: limits.preferred_lane ?? '',
    requests_per_minute: text(limits.requests_per_minute),
    tokens_per_minute: text(limits.tokens_per_minute),
    parallel: text(limits.parallel),
    budget_day: text(limits.budget_day),
    budget_month: text(limits.budget_month),
  }
}

/** Every limit, null where there is none; what is no number the server refuses with a sentence. */
export function limitsOf(draft: Draft): Partial<KeyLimits> {
  const figure = (text: string): number | null => {
    const typed = text.trim().replace(/[\s_]/g, '')
    if (typed === '') return null
    const number = Number(typed)
    return (Number.isFinite(number) ? number : text.trim()) as number
  }
  return {
    scopes: draft.scopes,
    models: draft.models,
    lanes: draft.lanes,
    preferred_lane: draft.preferred_lane || null,
    ...(Object.fromEntries(FIGURES.map((name) => [name, figure(draft[name])])) as Record<Figure, number | null>),
  }
}

export interface Gauge {
  figure: Figure
  used: number
  limit: number
  /** 0 to 1, and beyond where a budget was overrun by a request that ran. */
  share: number
  resetAt: Micros | null
}

/** The limits that are set, each with how much of it is used. */
export function gauges(key: KeyView): Gauge[] {
  const use = key.used
  if (!use) return []
  return FIGURES.flatMap((figure): Gauge[] => {
    const limit = key.limits[figure]
    if (limit == null) return []
    const [used, resetAt] = usedOf(use, figure)
    return [{ figure, used, limit, share: limit > 0 ? used / limit : 1, resetAt }]
  })
}

/** The limits that are set, where nobody recorded how much of them is used: in the past. */
export const bounds = (key: Pick<KeyView, 'limits'>): Pick<Gauge, 'figure' | 'limit'>[] =>
  FIGURES.flatMap((figure) => {
    const limit = key.limits[figure]
    return limit == null ? [] : [{ figure, limit }]
  })

function usedOf(use: KeyUse, figure: Figure): [number, Micros | null] {
  switch (figure) {
    case 'requests_per_minute':
      return [use.requests, use.requests_reset_at]
    case 'tokens_per_minute':
      return [use.tokens, use.tokens_reset_at]
    case 'parallel':
      return [use.parallel, null]
    case 'budget_day':
      return [use.spent_day, use.day_reset_at]
    case 'budget_month':
      return [use.spent_month, use.month_reset_at]
  }
}

/** In force first, then by name; those that no longer open anything by when that began. */
export function sorted(keys: readonly KeyView[], locale: string): KeyView[] {
  const rank = (key: KeyView): number => (key.state === 'in force' ? 0 : 1)
  const ended = (key: KeyView): number => key.revoked_at ?? key.expires_at ?? 0
  return [...keys].sort(
    (a, b) => rank(a) - rank(b) || (rank(a) === 0 ? collator(locale).compare(a.name, b.name) : ended(b) - ended(a)),
  )
}
