// What something cost: to the cent, and below one coin as many figures as say something.
import { numbers } from '../../lib/intl'

/** `least`: the smallest of those that stand under each other, which then all have its places. */
export function money(value: number, currency: string, locale: string, least = value): string {
  const small = Math.abs(least)
  if (small === 0 || small >= 1) return numbers(locale, { style: 'currency', currency }).format(value)
  const places = Math.min(8, Math.ceil(-Math.log10(small)) + 1)
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places }
  return numbers(locale, { style: 'currency', currency, ...digits }).format(value)
}

/** On an axis, whose figures are round. */
export const coins = (value: number, currency: string, locale: string): string =>
  numbers(locale, {
    style: 'currency',
    currency,
    ...(Math.abs(value) < 1 ? { maximumSignificantDigits: 3 } : { minimumFractionDigits: 0, maximumFractionDigits: 2 }),
  }).format(value)

/** The smallest that is not nothing. */
export const leastOf = (costs: readonly number[]): number | undefined =>
  costs.filter((one) => one !== 0).sort((a, b) => Math.abs(a) - Math.abs(b))[0]
