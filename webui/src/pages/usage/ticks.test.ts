import { describe, expect, it } from 'vitest'
import { styleOf, ticks, weekStartOf, within } from './ticks'

const at = (month: number, day: number, hour = 0, minute = 0): number =>
  new Date(2026, month - 1, day, hour, minute).getTime() / 1000
const clock = (seconds: number): string => {
  const moment = new Date(seconds * 1000)
  return `${moment.getMonth() + 1}/${moment.getDate()} ${moment.getHours()}:${moment.getMinutes()}`
}

describe('the time axis', () => {
  it('has round hours within a day', () => {
    const shown = ticks(at(11, 29, 13, 46), at(11, 30, 13, 46), 10).map(clock)
    expect(shown).toEqual(['11/29 15:0', '11/29 18:0', '11/29 21:0', '11/30 0:0', '11/30 3:0', '11/30 6:0', '11/30 9:0', '11/30 12:0'])
  })

  it('has midnights over a week, and over a month the days on which weeks begin', () => {
    expect(ticks(at(11, 23, 19, 20), at(11, 30, 19, 20), 10).map(clock)).toEqual(
      [24, 25, 26, 27, 28, 29, 30].map((day) => `11/${day} 0:0`),
    )
    expect(ticks(at(11, 1, 5), at(11, 30, 5), 6).map(clock)).toEqual(['11/2 0:0', '11/9 0:0', '11/16 0:0', '11/23 0:0', '11/30 0:0'])
    expect(ticks(at(11, 2, 5), at(11, 30, 5), 6, 7).map(clock)).toEqual(['11/8 0:0', '11/15 0:0', '11/22 0:0', '11/29 0:0'])
  })

  it('has the first of months over a year, and never more than there is room for', () => {
    expect(ticks(at(1, 15), at(12, 15), 6).map(clock)).toEqual(['3/1 0:0', '5/1 0:0', '7/1 0:0', '9/1 0:0', '11/1 0:0'])
    for (const days of [1, 3, 7, 30, 90, 365]) {
      for (const most of [3, 6, 12]) {
        const until = at(11, 30, 13, 46)
        expect(ticks(until - days * 86_400, until, most).length).toBeLessThanOrEqual(most + 1)
      }
    }
  })

  it('says the day at midnight and else the hour', () => {
    expect(styleOf(at(11, 30), at(11, 29), at(11, 30, 12))).toEqual({ day: 'numeric', month: 'short' })
    expect(styleOf(at(11, 30, 6), at(11, 29), at(11, 30, 12))).toMatchObject({ hour: '2-digit' })
  })

  it('knows where weeks begin on Sunday', () => {
    expect([weekStartOf('de-DE'), weekStartOf('en-US')]).toEqual([1, 7])
  })

  it('cuts no words at its end', () => {
    expect(within([0, 50, 95, 100], 0, 100, 200, 24)).toEqual([0, 50])
    expect(within([0, 50, 88], 0, 100, 200, 24)).toEqual([0, 50, 88])
  })
})
