// Colours code away from the main thread. In: more of a text, by key. Out: its lines from the first that looks
// otherwise than it did last time; null when the language is unknown.
import hljs from 'highlight.js/lib/common'
import { linesOf } from './lines'

export interface Ask {
  key: number
  lang: string
  /** What has come since it was last asked. */
  more: string
  /** Nothing more will come. */
  ends: boolean
}
export interface Told {
  key: number
  from: number
  lines: string[] | null
}

const held = new Map<number, { text: string; lines: string[] }>()

self.onmessage = ({ data }: MessageEvent<Ask>) => {
  const { key, lang, more, ends } = data
  const before = held.get(key) ?? { text: '', lines: [] }
  const text = before.text + more
  const known = lang !== '' && hljs.getLanguage(lang) !== undefined
  const lines = known ? linesOf(hljs.highlight(text, { language: lang, ignoreIllegals: true }).value) : null
  if (ends || !lines) held.delete(key)
  else held.set(key, { text, lines })
  const from = lines?.findIndex((line, i) => line !== before.lines[i]) ?? 0
  const told: Told = { key, from, lines: lines && (from < 0 ? [] : lines.slice(from)) }
  self.postMessage(told)
}
