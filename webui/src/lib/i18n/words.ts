// Which words there are. A part is a file of its own and comes with the page that needs it; English is
// the measure: every other language has exactly its keys. `{name}` is filled in; a key that ends in
// ".one" is the singular of the same key without it, and not every language needs one.
import type factsInGerman from './de/facts'
import type failures from './de/failures'
import type refusals from './de/refusals'
import type said from './de/said'
import type attach from './en/attach'
import type chat from './en/chat'
import type dashboard from './en/dashboard'
import type endpoint from './en/endpoint'
import type fields from './en/fields'
import type keys from './en/keys'
import type logs from './en/logs'
import type over from './en/over'
import type recipes from './en/recipes'
import type render from './en/render'
import type research from './en/research'
import type settings from './en/settings'
import type setup from './en/setup'
import type shell from './en/shell'
import type timeline from './en/timeline'
import type tools from './en/tools'
import type usage from './en/usage'

export interface Parts {
  shell: typeof shell
  dashboard: typeof dashboard
  over: typeof over
  chat: typeof chat
  attach: typeof attach
  render: typeof render
  recipes: typeof recipes
  fields: typeof fields
  logs: typeof logs
  timeline: typeof timeline
  usage: typeof usage
  keys: typeof keys
  settings: typeof settings
  setup: typeof setup
  endpoint: typeof endpoint
  tools: typeof tools
  research: typeof research
}
export type Part = keyof Parts
export type Words<P extends Part> = Record<keyof Parts[P], string>
export type Key = { [P in Part]: keyof Parts[P] }[Part]
export type Catalogue = Partial<Record<Key, string>>

/** What the server says in English itself has no English here: German is the measure. */
interface Server {
  failures: typeof failures
  refusals: typeof refusals
  said: typeof said
}
export type Facts = Record<keyof typeof factsInGerman, string>
export type Phrases<P extends keyof Server> = Record<keyof Server[P], string>
