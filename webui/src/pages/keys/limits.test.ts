import { describe, expect, it } from 'vitest'
import type { KeyLimits, KeyUse, KeyView } from '../../lib/api/types'
import { bounds, draftOf, gauges, limitsOf, sorted } from './limits'

const LIMITS: KeyLimits = {
  scopes: ['inference', 'audit'],
  models: ['qwen'],
  lanes: ['direct'],
  preferred_lane: null,
  requests_per_minute: 60,
  tokens_per_minute: null,
  parallel: 4,
  budget_day: 0.5,
  budget_month: null,
}
const USE = { requests: 45, parallel: 1, spent_day: 0.6, day_reset_at: 9 } as KeyUse
const key = (more: Partial<KeyView>): KeyView =>
  ({ key_id: 'k', name: 'k', state: 'in force', limits: LIMITS, used: USE, ...more }) as KeyView

describe('limits of a key', () => {
  it('come back from the form as they went in', () => {
    expect(limitsOf(draftOf(LIMITS))).toEqual(LIMITS)
  })

  it('are none where nothing is typed, and left to the server where it is no number', () => {
    const draft = { ...draftOf(LIMITS), requests_per_minute: ' ', parallel: 'a few', budget_month: '1 200' }
    expect(limitsOf(draft)).toMatchObject({ requests_per_minute: null, parallel: 'a few', budget_month: 1200 })
  })

  it('show how near they are, also when a budget was overrun', () => {
    const shown = gauges(key({})).map(({ figure, share, resetAt }) => [figure, share, resetAt])
    expect(shown).toEqual([
      ['requests_per_minute', 0.75, undefined],
      ['parallel', 0.25, null],
      ['budget_day', 1.2, 9],
    ])
    expect(gauges(key({ used: null }))).toEqual([])
    expect(bounds(key({ used: null })).map(({ figure, limit }) => [figure, limit])).toEqual([
      ['requests_per_minute', 60],
      ['parallel', 4],
      ['budget_day', 0.5],
    ])
  })

  it('stand in the order in which they matter', () => {
    const keys = [
      key({ name: 'old', state: 'revoked', revoked_at: 1 }),
      key({ name: 'b' }),
      key({ name: 'late', state: 'expired', expires_at: 5 }),
      key({ name: 'a' }),
    ]
    expect(sorted(keys, 'de').map((one) => one.name)).toEqual(['a', 'b', 'late', 'old'])
  })
})
