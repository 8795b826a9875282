// Where the time axis has its words: round hours, days or months of the person's own clock. Pure.

const HOURS = [1, 2, 3, 6, 12] as const
const DAYS = [1, 2, 7, 14] as const
const HOUR_S = 3600
const DAY_S = 86_400

/** Moments from `from` to `until` (s since the epoch), at most `most` of them; weeks begin on `monday`. */
export function ticks(from: number, until: number, most: number, weekStart = 1): number[] {
  const span = until - from
  const room = Math.max(1, most)
  const hours = HOURS.find((step) => span / (step * HOUR_S) <= room)
  if (hours) return every(from, until, (day) => atHours(day, hours))
  const days = DAYS.find((step) => span / (step * DAY_S) <= room)
  if (days) {
    return every(from, until, (day) => [day]).filter((_, index, all) =>
      days < 7 ? numbered(all[index]!) % days === 0 : weekly(all[index]!, days / 7, weekStart),
    )
  }
  const step = [1, 2, 3, 6, 12].find((months) => span / (months * 30.4 * DAY_S) <= room) ?? 12
  return every(from, until, (day) => (day.getDate() === 1 && day.getMonth() % step === 0 ? [day] : []))
}

/** What a tick says: the hour, and the day at midnight. */
export function styleOf(seconds: number, from: number, until: number): Intl.DateTimeFormatOptions {
  const moment = new Date(seconds * 1000)
  if (until - from > 300 * DAY_S) return { month: 'short', year: 'numeric' }
  return moment.getHours() === 0
    ? { day: 'numeric', month: 'short' }
    : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
}

/** The first day of the week there: 1 is Monday, 7 is Sunday. */
export function weekStartOf(locale: string): number {
  const known = new Intl.Locale(locale) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: number }
    weekInfo?: { firstDay: number }
  }
  return (known.getWeekInfo?.() ?? known.weekInfo)?.firstDay ?? 1
}

function every(from: number, until: number, of: (midnight: Date) => Date[]): number[] {
  const day = new Date(from * 1000)
  day.setHours(0, 0, 0, 0)
  const found: number[] = []
  while (day.getTime() / 1000 <= until) {
    found.push(...of(new Date(day)).map((moment) => moment.getTime() / 1000))
    day.setDate(day.getDate() + 1) // not 24 hours: a day may have 23 or 25
  }
  return found.filter((moment) => moment >= from && moment <= until)
}

function atHours(midnight: Date, step: number): Date[] {
  return Array.from({ length: 24 / step }, (_, index) => {
    const moment = new Date(midnight)
    moment.setHours(index * step)
    return moment
  })
}

/** Days numbered by the calendar, without a jump where a month ends. */
const numbered = (seconds: number): number => {
  const day = new Date(seconds * 1000)
  return Math.round(Date.UTC(day.getFullYear(), day.getMonth(), day.getDate()) / 86_400_000)
}

function weekly(seconds: number, weeks: number, weekStart: number): boolean {
  const first = (new Date(seconds * 1000).getDay() || 7) === weekStart
  return first && Math.floor((numbered(seconds) + 3) / 7) % weeks === 0
}

/** Those whose words are not cut at the end of the axis: so many pixels of `width` lie behind them. */
export const within = (all: readonly number[], since: number, until: number, width: number, behind: number): number[] =>
  all.filter((at) => ((until - at) / (until - since)) * width >= behind)
