import { describe, expect, it } from 'vitest'
import { spanName } from './span'

const at = (day: number, hour: number, minute = 0, second = 0): number =>
  new Date(2026, 10, day, hour, minute, second).getTime() * 1000
const named = (since: number, until: number): string => spanName(since, until, 'en-US').replace(/[\u2009\u202f]/g, ' ')

describe('a time from one moment to another', () => {
  it('has its day once, and hours', () => {
    expect(named(at(30, 14), at(30, 15))).toBe('Mon, Nov 30, 14:00 – 15:00')
  })

  it('is a day where it is a whole one, and days where it is several', () => {
    expect(named(at(29, 0), at(30, 0))).toBe('Sun, Nov 29')
    expect(named(at(23, 0), at(30, 0))).toBe('Mon, Nov 23 – Sun, Nov 29')
  })

  it('has both days where they are two, and seconds where there are some', () => {
    expect(named(at(29, 23), at(30, 0))).toBe('Sun, Nov 29, 23:00 – Mon, Nov 30, 00:00')
    expect(named(at(30, 14, 0, 58), at(30, 14, 1, 2))).toBe('Mon, Nov 30, 14:00:58 – 14:01:02')
  })
})
