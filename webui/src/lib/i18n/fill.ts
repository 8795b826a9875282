// Sentences with places for values. Pure.
//   {name}               as it is
//   {seconds:time}       in a form of the language: n (number), time, size, list, text, any
//   {words:own}          somebody else's words, whole
//   {n|request|requests} a word by number: the form for one, and the other
//   [; {cut} were cut]   left out when a value in it is empty
import { DASH, duration, figures, size } from '../format'
import { plurals } from '../intl'

export type Values = Readonly<Record<string, unknown>>
/** Says in the language what a server said in English. */
export type Told = (text: string) => string

const PLACE = /\{(\w+)(?::(\w+)|\|([^|{}]*)\|([^|{}]*))?\}/g
const LONGEST = 200

export function compose(template: string, values: Values, locale: string, told: Told): string {
  const fill = (text: string): string =>
    text.replace(PLACE, (_, name: string, kind?: string, one?: string, other?: string) => {
      if (!(name in values)) return DASH
      if (one === undefined) return shown(values[name], kind, locale, told)
      return singular(number(values[name]), locale) ? one : other!
    })
  const kept = template.replace(/\[([^\]]*)\]/g, (_, part: string) =>
    [...part.matchAll(PLACE)].some(([, name]) => empty(values[name!])) ? '' : part,
  )
  return fill(kept)
}

/** Whether a number takes the form for one in this language. */
export function singular(value: number, locale: string): boolean {
  return plurals(locale).select(value) === 'one'
}

function shown(value: unknown, kind: string | undefined, locale: string, told: Told): string {
  switch (kind) {
    case 'n':
      return figures(value, locale)
    case 'time':
      return duration(number(value), locale)
    case 'size':
      return size(number(value), locale)
    case 'text':
      return cut(told(String(value ?? '')))
    case 'list':
      return cut(listed(Array.isArray(value) ? value.map(String) : [String(value ?? '')], locale) || told('nothing'))
    case 'any':
      return cut(any(value, locale, told))
    case 'own':
      return String(value ?? '')
    default:
      return cut(String(value ?? ''))
  }
}

/** Names one after the other, without an "and". */
export function listed(names: readonly string[], locale: string): string {
  return names.join(locale.startsWith('zh') ? '、' : ', ')
}

function any(value: unknown, locale: string, told: Told): string {
  if (value === null || value === undefined || value === '') return told('nothing')
  if (value === true) return told('on')
  if (value === false) return told('off')
  if (typeof value === 'number') return figures(value, locale)
  if (Array.isArray(value)) {
    return value.length === 0 ? told('nothing') : listed(value.map((one) => any(one, locale, told)), locale)
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const number = (value: unknown): number =>
  typeof value === 'string' ? Number(value.replaceAll(',', '')) : Number(value ?? NaN)

function empty(value: unknown): boolean {
  return !value || (Array.isArray(value) && value.length === 0)
}

function cut(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`
}
