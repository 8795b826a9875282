// Numbers, sizes and times as people read them. Pure; the language is passed in.
import { numbers, times } from './intl'

const GIB = 1024 ** 3
const MIB = 1024 ** 2

export const DASH = '–'

export function count(value: number | null | undefined, locale: string): string {
  return value === null || value === undefined || !Number.isFinite(value)
    ? DASH
    : numbers(locale, { maximumFractionDigits: 0 }).format(value)
}

/** A number as the language writes it, with the figures that it came with: "1,234.50" is 1.234,50. */
export function figures(value: unknown, locale: string): string {
  const text = String(value ?? '').replaceAll(',', '')
  if (!/^-?\d+(\.\d+)?$/.test(text)) return String(value ?? DASH)
  const digits = Math.min(text.split('.')[1]?.length ?? 0, typeof value === 'number' ? 3 : 20)
  return numbers(locale, {
    minimumFractionDigits: typeof value === 'number' ? 0 : digits,
    maximumFractionDigits: digits,
  }).format(Number(text))
}

/** One figure after the point below ten, none above. */
export function figure(value: number | null | undefined, locale: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH
  const digits = value !== 0 && Math.abs(value) < 10 ? 1 : 0
  return numbers(locale, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value)
}

/** A share from 0 to 1 as a whole percentage, without the sign. */
export function percent(share: number | null | undefined, locale: string): string {
  return share === null || share === undefined ? DASH : count(share * 100, locale)
}

/** The same with its sign, spaced as the language does it: "42%", "42 %". */
export function percentage(share: number | null | undefined, locale: string): string {
  return share === null || share === undefined || !Number.isFinite(share)
    ? DASH
    : numbers(locale, { style: 'percent', maximumFractionDigits: 0 }).format(share)
}

export function gib(bytes: number | null | undefined, locale: string): string {
  if (bytes === null || bytes === undefined) return DASH
  return numbers(locale, {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  }).format(bytes / GIB)
}

export function size(bytes: number | null | undefined, locale: string): string {
  if (bytes === null || bytes === undefined) return DASH
  if (bytes >= 1000 * GIB) return `${gib(bytes / 1024, locale)} TiB`
  if (bytes >= 100 * GIB) return `${count(bytes / GIB, locale)} GiB`
  if (bytes >= GIB) return `${gib(bytes, locale)} GiB`
  if (bytes > 0 && bytes < MIB) return `${count(Math.ceil(bytes / 1024), locale)} KiB`
  return `${count(bytes / MIB, locale)} MiB`
}

/** Seconds, minutes, hours, days and milliseconds. Intl has no style as short as these that all languages share. */
const UNITS = {
  en: ['s', 'm', 'h', 'd', 'ms'],
  de: ['s', 'min', 'h', 'd', 'ms'],
  zh: ['秒', '分', '小时', '天', '毫秒'],
} as const

const unitsOf = (locale: string): (typeof UNITS)['en' | 'de' | 'zh'] =>
  UNITS[locale.slice(0, 2) as 'en'] ?? UNITS.en

/** "48 s", "2 h 14 m", "3 d 4 h": two units at most. */
export function duration(seconds: number | null | undefined, locale: string): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return DASH
  const [s, m, h, d] = unitsOf(locale)
  const whole = Math.max(0, Math.round(seconds))
  if (seconds < 10 && seconds > 0 && !Number.isInteger(seconds)) {
    return `${figure(seconds, locale)} ${s}`
  }
  if (whole < 60) return `${whole} ${s}`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return pair(minutes, m, whole % 60, s)
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return pair(hours, h, minutes % 60, m)
  return pair(Math.floor(hours / 24), d, hours % 24, h)
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`
}

/** "57 ms" below a second, then as `duration`. */
export function millis(ms: number | null | undefined, locale: string): string {
  if (ms === null || ms === undefined) return DASH
  return ms < 1000 ? `${figure(ms, locale)} ${unitsOf(locale)[4]}` : duration(ms / 1000, locale)
}

export function clockTime(micros: number, locale: string): string {
  return times(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(micros / 1000)
}

export function dayName(micros: number, locale: string): string {
  return times(locale, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
  }).format(micros / 1000)
}

/** The last part of a model's path or hub id. */
export function modelName(model: string): string {
  return model.replace(/[\\/]+$/, '').split(/[\\/]/).at(-1) || model
}

/** "3 minutes ago", in the person's language. */
export function ago(micros: number, nowMs: number, locale: string): string {
  const seconds = Math.round((nowMs - micros / 1000) / 1000)
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  if (seconds < 60) return words.format(-Math.max(0, Math.floor(seconds / 5) * 5), 'second')
  if (seconds < 3600) return words.format(-Math.floor(seconds / 60), 'minute')
  if (seconds < 86_400) return words.format(-Math.floor(seconds / 3600), 'hour')
  return words.format(-Math.floor(seconds / 86_400), 'day')
}
