// What the server says in English, in another language: by its own templates, such as
// "there is no room for {target} beside {names}". What a place held is said in turn, if it can be;
// `{name:word}` holds one word, without a space or comma; `{name:said}` is said also when it is one,
// and `{name:term}` is both; `{name:own}` holds somebody else's own words, which are never said in turn.
// A sentence that no template fits stays as the server wrote it. Pure.
import { compose, type Told } from './fill'

interface Phrase {
  pattern: RegExp
  names: string[]
  /** Places that are said in turn also when they hold a single word. */
  said: Set<string>
  /** Places with words that are left as they came. */
  own: Set<string>
  /** Such words are its end, and their full stop is theirs. */
  ownEnd: boolean
  text: string
  /** It begins with a word and not with a value. */
  worded: boolean
}

const DEPTH = 4

/** `already`: sentences whose meaning is known from elsewhere, in English and as they are to be said. */
export type Speaker = (text: string, already?: ReadonlyMap<string, string>) => string

export function speaker(pairs: Readonly<Record<string, string>>, locale: string): Speaker {
  const plain = new Map<string, Phrase>()
  const patterned: Phrase[] = []
  for (const [english, text] of Object.entries(pairs)) {
    const phrase = compiled(english, text)
    if (phrase.names.length === 0) plain.set(core(english), phrase)
    else patterned.push(phrase)
  }
  // The one that says more of it itself is the one that is meant.
  patterned.sort((a, b) => b.pattern.source.length - a.pattern.source.length)
  const before = new Map<string, string>()

  /** A space before it stays, for what is put behind another sentence. */
  function say(text: string, already: ReadonlyMap<string, string> | undefined, depth: number): string {
    const trimmed = text.trim()
    if (trimmed === '' || depth > DEPTH) return text
    const said = sayTrimmed(trimmed, already, depth)
    return said === trimmed ? text : (/^\s*/.exec(text)![0] + said).replace(/^ ([，（一-鿿])/, '$1')
  }

  function sayTrimmed(trimmed: string, already: ReadonlyMap<string, string> | undefined, depth: number): string {
    const known = already?.get(core(trimmed))
    if (known !== undefined) return ended(known, trimmed, locale)
    const phrase = plain.get(core(trimmed))
    if (phrase) return finished(phrase, phrase.text, trimmed, locale)
    for (const one of patterned) {
      const match = one.pattern.exec(one.ownEnd ? trimmed : bare(trimmed))
      if (!match) continue
      const raw: Told = (held) => held
      const values: Record<string, string> = {}
      one.names.forEach((name, index) => {
        const held = match[index + 1] ?? ''
        const inTurn = !one.own.has(name) && (/\s/.test(held) || one.said.has(name))
        const told = inTurn ? say(held, already, depth + 1) : held
        // a sentence before others keeps its stop, and so do the words of others
        values[name] = bare(held) === held && inTurn ? within(told) : told
      })
      if (one.ownEnd) return capitalized(one, compose(one.text, values, locale, raw), trimmed, locale)
      return finished(one, compose(one.text, values, locale, raw), trimmed, locale)
    }
    return oneByOne(trimmed, already, depth) ?? trimmed
  }

  /** "lower this, set that": what stands in a row, when every piece of it can be said. */
  function oneByOne(text: string, already: ReadonlyMap<string, string> | undefined, depth: number): string | null {
    const pieces = text.split(', ')
    if (pieces.length === 1) return null
    const said = pieces.map((piece) => say(piece, already, depth + 1))
    return said.every((one, index) => one !== pieces[index]) ? said.join(locale.startsWith('zh') ? '，' : ', ') : null
  }

  return (text, already) => {
    if (already) return say(text, already, 0)
    const known = before.get(text)
    if (known !== undefined) return known
    const said = say(text, undefined, 0)
    if (before.size > 2000) before.clear()
    before.set(text, said)
    return said
  }
}

/** As sentences are compared: without a full stop, whichever case the first letter has. */
export function core(text: string): string {
  const plain = bare(text.trim())
  return plain.slice(0, 1).toLowerCase() + plain.slice(1)
}

const bare = (text: string): string => (/[^.]\.$/.test(text) ? text.slice(0, -1) : text)
const within = (text: string): string => text.replace(/[.。]$/, '')

function compiled(english: string, text: string): Phrase {
  const names: string[] = []
  const said = new Set<string>()
  const own = new Set<string>()
  const whole = bare(english.trim())
  const pattern = whole
    .split(/(\{\w+(?::\w+)?\})/)
    .map((part, index) => {
      const [, name, kind] = /^\{(\w+)(?::(\w+))?\}$/.exec(part) ?? []
      if (name) {
        names.push(name)
        if (kind === 'own') own.add(name)
        if (kind === 'said' || kind === 'term') said.add(name)
        return kind === 'word' || kind === 'term' ? '([^\\s,]+)' : '(.*?)'
      }
      const literal = part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      return index === 0 ? eitherCase(literal) : literal
    })
    .join('')
  return {
    pattern: new RegExp(`^${pattern}$`, 's'),
    names,
    said,
    own,
    ownEnd: /\{\w+:own\}$/.test(whole),
    text: bare(text).replace(/。$/, ''),
    worded: !whole.startsWith('{'),
  }
}

function eitherCase(literal: string): string {
  return /^[A-Za-z]/.test(literal)
    ? `[${literal[0]!.toLowerCase()}${literal[0]!.toUpperCase()}]${literal.slice(1)}`
    : literal
}

/** With the capital and the full stop that the English one had. */
function finished(phrase: Phrase, text: string, english: string, locale: string): string {
  return ended(capitalized(phrase, text, english, locale), english, locale)
}

function capitalized(phrase: Phrase, text: string, english: string, locale: string): string {
  const capital = phrase.worded && /^[A-Z]/.test(english) && !phrase.text.startsWith('{')
  return capital ? text.slice(0, 1).toLocaleUpperCase(locale) + text.slice(1) : text
}

function ended(text: string, english: string, locale: string): string {
  const whole = text.replace(/[.。]$/, '')
  return /[^.]\.$/.test(english) ? whole + (locale.startsWith('zh') ? '。' : '.') : whole
}
