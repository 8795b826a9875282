// What the server says of its own accord, in a language other than its English: facts by their type,
// everything else by the templates it is made of. Comes with the language, never with the first load.
import { factSays, type Fact } from './facts'
import { speaker, type Speaker } from './phrases'

export interface Voice {
  told: Speaker
  sentence: (fact: Fact) => string
}
type Texts = Readonly<Record<string, string>>

export function voice(facts: Texts, phrases: readonly Texts[], locale: string): Voice {
  const told = speaker(Object.assign({}, ...phrases) as Texts, locale)
  return { told, sentence: (fact) => factSays(fact, facts, locale, told) }
}
