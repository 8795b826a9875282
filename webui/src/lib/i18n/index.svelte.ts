// Words in the language of the person: t('key', {values}). What the first page needs is there from
// the start; a page's own words come with the page (`words.need`), in whichever language is spoken.
import dashboard from './en/dashboard'
import shell from './en/shell'
import type { Fact } from './facts'
import type { Voice } from './voice'
import type { Catalogue, Key, Part } from './words'
import { plurals } from '../intl'

export type { Key } from './words'
export const LANGUAGES = { en: 'English', de: 'Deutsch', zh: '简体中文' } as const
export type Language = keyof typeof LANGUAGES
/** What the page says it is written in, where the language alone does not say it: fonts go by it. */
const SCRIPT: Partial<Record<Language, string>> = { zh: 'zh-Hans' }
const NAME = 'studio.language'
const FIRST: readonly Part[] = ['shell', 'dashboard']
/** What the server says in English itself; other languages have words for it. */
const SERVER = ['facts', 'said', 'failures', 'refusals'] as const
const FILES = import.meta.glob<{ default: Catalogue }>('./{en,de,zh}/*.ts')

type Values = Record<string, string | number>

class Words {
  language = $state<Language>('en')
  private catalogue = $state.raw<Catalogue>({ ...shell, ...dashboard })
  private wanted: Language = 'en'
  /** Chosen before `chosen.svelte.ts` came, which sends it and takes `choose` over. */
  early: Language | null = null
  private here = new Set<Part>(FIRST)
  private voice = $state.raw<Voice | null>(null)

  /** Before the first paint: the language chosen here, else the browser's. */
  async start(): Promise<void> {
    await this.use(stored() ?? spoken(navigator.languages))
  }

  /** Returns when these words can be said. */
  async need(...parts: Part[]): Promise<void> {
    const missing = parts.filter((part) => !this.here.has(part))
    if (missing.length === 0) return
    const language = this.language
    const come = await Promise.all(missing.map((part) => read(language, part)))
    if (language !== this.language) return this.need(...parts) // it was changed meanwhile
    missing.forEach((part) => this.here.add(part))
    this.catalogue = Object.assign({}, this.catalogue, ...come) as Catalogue
  }

  say(key: Key, values?: Values): string {
    const one = `${key}.one` as Key
    const singular = one in this.catalogue && isOne(values?.['n'], this.language)
    const text = this.catalogue[singular ? one : key] ?? key
    return values ? fill(text, values) : text
  }

  /** What the server said in English; as it is where there are no words for it. */
  told(text: string, already?: ReadonlyMap<string, string>): string {
    return this.voice ? this.voice.told(text, already) : text
  }

  /** A fact as a sentence. */
  sentence(fact: Fact): string {
    return this.voice ? this.voice.sentence(fact) : fact.sentence
  }

  /** Whether there is such a word, for keys that are made of data. */
  has(key: string): key is Key {
    return key in this.catalogue
  }

  choose = (language: Language): Promise<void> => {
    try {
      localStorage.setItem(NAME, language)
    } catch {} // as in `stored`
    return this.use((this.early = language))
  }

  /** Speak it from now on; `chosen.svelte.ts` keeps a choice. */
  async use(language: Language): Promise<void> {
    this.wanted = language
    if (language === this.language) return
    const [voice, ...parts] = await Promise.all([
      speak(language),
      ...[...this.here].map((part) => read(language, part)),
    ])
    if (language !== this.wanted) return // another was chosen meanwhile
    this.catalogue = Object.assign({}, ...parts) as Catalogue
    this.voice = voice
    this.language = language
    document.documentElement.lang = SCRIPT[language] ?? language
  }
}

async function read(language: Language, part: string): Promise<Catalogue> {
  const file = FILES[`./${language}/${part}.ts`]
  return file ? (await file()).default : {}
}

async function speak(language: Language): Promise<Voice | null> {
  if (language === 'en') return null
  const [{ voice }, facts, ...phrases] = await Promise.all([
    import('./voice'),
    ...SERVER.map((part) => read(language, part) as Promise<Record<string, string>>),
  ] as const)
  return voice(facts!, phrases, variant(language, navigator.languages))
}

/** Whether a number takes the form for one: also where it comes already written, as "1". */
function isOne(value: string | number | undefined, language: Language): boolean {
  const number = Number(value)
  return value !== undefined && plurals(language).select(number) === 'one'
}

function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** The first language of the browser's list that we speak. */
export function spoken(tags: readonly string[]): Language {
  const known = tags.map((tag) => tag.toLowerCase().split('-')[0]).find((tag) => tag! in LANGUAGES)
  return (known ?? 'en') as Language
}

function stored(): Language | null {
  try {
    const value = localStorage.getItem(NAME)
    return value !== null && value in LANGUAGES ? (value as Language) : null
  } catch {
    return null
  }
}

export const words = new Words()
export const t = (key: Key, values?: Values): string => words.say(key, values)
/** What the server said, in the person's language. */
export const told = (text: string | null | undefined): string => words.told(text ?? '')
/** What happened, in the person's language. */
export const sentence = (fact: Fact): string => words.sentence(fact)

/** A locale for numbers and dates: the person's own variant of the language, if it is one. */
export function locale(): string {
  return variant(words.language, navigator.languages)
}

export function variant(language: Language, tags: readonly string[]): string {
  const script = SCRIPT[language]
  const own = tags.find((tag) => {
    const one = localeOf(tag)
    return one?.language === language && (!script || script === `${language}-${one.script}`)
  })
  return own ?? script ?? language
}

/** Null for what is no language: WebKitGTK says "c" where the desktop's locale is C. */
function localeOf(tag: string): Intl.Locale | null {
  try {
    return new Intl.Locale(tag).maximize()
  } catch {
    return null
  }
}
