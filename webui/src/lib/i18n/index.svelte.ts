// Words in the language of the person: t('key', {values}). English is always there, others come when wanted.
import { en, type Catalogue, type Key } from './en'

export type Language = 'en' | 'de'
export const LANGUAGES: readonly Language[] = ['en', 'de']
const NAME = 'studio.language'

type Values = Record<string, string | number>

class Words {
  language = $state<Language>('en')
  private catalogue = $state.raw<Catalogue>(en)

  /** Before the first paint: the language chosen here, else the browser's. */
  async start(): Promise<void> {
    await this.use(stored() ?? (navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en'))
  }

  async choose(language: Language): Promise<void> {
    await this.use(language)
    try {
      localStorage.setItem(NAME, language)
    } catch {
      // Storage is off: the choice lasts as long as the page.
    }
  }

  private async use(language: Language): Promise<void> {
    this.catalogue = language === 'de' ? (await import('./de')).de : en
    this.language = language
    document.documentElement.lang = language
  }

  say(key: Key, values?: Values): string {
    const one = `${key}.one` as Key
    const singular = values?.['n'] === 1 && one in this.catalogue
    const text = this.catalogue[singular ? one : key] ?? key
    return values ? fill(text, values) : text
  }
}

function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

function stored(): Language | null {
  try {
    const value = localStorage.getItem(NAME)
    return LANGUAGES.find((language) => language === value) ?? null
  } catch {
    return null
  }
}

export const words = new Words()
export const t = (key: Key, values?: Values): string => words.say(key, values)

/** A locale for numbers and dates: the person's own variant of the language, if it is one. */
export function locale(): string {
  return navigator.languages.find((tag) => tag.startsWith(words.language)) ?? words.language
}
