// The browser's formatters, each made once: making one costs as much as many hundred uses of it.

const made = new Map<string, unknown>()

function once<T>(kind: string, locale: string, options: object, make: () => T): T {
  const key = `${kind} ${locale} ${JSON.stringify(options)}`
  let found = made.get(key) as T | undefined
  if (found === undefined) made.set(key, (found = make()))
  return found
}

export const numbers = (locale: string, options: Intl.NumberFormatOptions = {}): Intl.NumberFormat =>
  once('n', locale, options, () => new Intl.NumberFormat(locale, options))

export const times = (locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  once('t', locale, options, () => new Intl.DateTimeFormat(locale, options))

/** Names in the order that the language has; numbers in them by their value. */
export const collator = (locale: string): Intl.Collator =>
  once('c', locale, {}, () => new Intl.Collator(locale, { numeric: true }))

export const plurals = (locale: string): Intl.PluralRules =>
  once('p', locale, {}, () => new Intl.PluralRules(locale))
