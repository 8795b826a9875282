import { describe, expect, it } from 'vitest'
import { requestsUntil, sumsUntil } from './then'

const HOUR_MS = 3_600_000
const AT = 500_000 * HOUR_MS + 1234.567

describe('usage of a moment', () => {
  it('is as asked while it is now', () => {
    expect(sumsUntil({ since: '1' }, null)).toEqual({ since: '1' })
    expect(requestsUntil({ model: 'a' }, null)).toEqual({ model: 'a' })
  })

  it('adds up to the last whole hour, and has no request that ended later', () => {
    expect(sumsUntil({ by: 'key' }, AT)).toEqual({ by: 'key', until: String(500_000 * HOUR_MS * 1000) })
    expect(requestsUntil({}, AT)).toEqual({ until: String(500_000 * HOUR_MS * 1000 + 1_234_568) })
  })

  it('keeps what is earlier, and shows nothing of a time that lies later', () => {
    expect(sumsUntil({ since: '5', until: '9' }, AT)).toEqual({ since: '5', until: '9' })
    const { since, until } = sumsUntil({ since: String(AT * 1000 + 5e9), until: String(AT * 1000 + 9e9) }, AT)
    expect(since).toBe(until)
  })
})
