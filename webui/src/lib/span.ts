// A time from one moment to another, as people read it. Pure; the language is passed in.
import type { Micros } from './api/types'
import { times } from './intl'

const MINUTE_US = 60 * 1_000_000
const DAY: Intl.DateTimeFormatOptions = { weekday: 'short', day: 'numeric', month: 'short' }

const isMidnight = (micros: Micros): boolean => {
  const date = new Date(micros / 1000)
  return date.getTime() === new Date(date).setHours(0, 0, 0, 0)
}

/** "Mon, Nov 30, 14:00 – 15:00"; whole days without hours, and seconds where they matter. */
export function spanName(since: Micros, until: Micros, locale: string): string {
  if (isMidnight(since) && isMidnight(until) && until > since) {
    return times(locale, DAY).formatRange(since / 1000, until / 1000 - 1)
  }
  const style: Intl.DateTimeFormatOptions = { ...DAY, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
  if (since % MINUTE_US || until % MINUTE_US) style.second = '2-digit'
  return times(locale, style).formatRange(since / 1000, until / 1000)
}
