// Words and their marks → safe HTML: emphasis, links, code, formulas, footnotes, citations.
import { Marked, type TokenizerAndRendererExtension } from 'marked'
import { escape, picture, plainHtml, safeHtml } from './safe'
import type { Definitions } from './words'

/** What the text that is being read defines. */
let known: Definitions | null = null

export const formula = (text: string, display: boolean): string =>
  `<code data-math="1" data-display="${Number(display)}">${escape(text)}</code>`

const math: TokenizerAndRendererExtension = {
  name: 'math',
  level: 'inline',
  start: (text: string) => found(text.search(/\$|\\[([]/)),
  tokenizer(text: string) {
    const display = /^(?:\$\$((?:[^$\\]|\\[\s\S])+?)\$\$|\\\[([\s\S]+?)\\\](?!\())/.exec(text)
    if (display) return { type: 'math', raw: display[0], text: (display[1] ?? display[2] ?? '').trim(), display: true }
    // "$5 and $6" is money: the closing sign touches no space and no figure follows it.
    const inline = /^(?:\$([^\s$](?:[^$\n]*[^\s$\\])?)\$(?![\d$])|\\\(([\s\S]+?)\\\))/.exec(text)
    if (!inline) return undefined
    return { type: 'math', raw: inline[0], text: (inline[1] ?? inline[2] ?? '').trim(), display: false }
  },
  renderer: (token) => formula(String(token['text']), token['display'] === true),
}

const note: TokenizerAndRendererExtension = {
  name: 'note',
  level: 'inline',
  start: (text: string) => found(text.indexOf('[^')),
  tokenizer(text: string) {
    const mark = /^\[\^([^\]\s]+)\]/.exec(text)
    const number = mark ? known?.numberOf(mark[1] ?? '') : undefined
    return mark && number !== undefined ? { type: 'note', raw: mark[0], text: String(number) } : undefined
  },
  renderer: (token) => `<sup><a data-note="${String(token['text'])}">${String(token['text'])}</a></sup>`,
}

/** [1] or [2, 3] where these are sources. */
const source: TokenizerAndRendererExtension = {
  name: 'source',
  level: 'inline',
  start: (text: string) => (known?.sources ? found(text.search(/\[\d/)) : undefined),
  tokenizer(text: string) {
    const mark = known?.sources ? /^\[(\d+(?:\s*,\s*\d+)*)\](?![[(])/.exec(text) : null
    const numbers = mark?.[1]?.split(',').map(Number) ?? []
    if (!mark || !numbers.every((n) => n >= 1 && n <= (known?.sources ?? 0))) return undefined
    return { type: 'source', raw: mark[0], numbers }
  },
  renderer: (token) =>
    (token['numbers'] as number[]).map((n) => `<a data-source="${n}">${n}</a>`).join(''),
}

const marked = new Marked({
  gfm: true,
  renderer: {
    html: ({ text }) => plainHtml(text),
    image: ({ href, text }) => picture(href, text),
  },
  extensions: [math, note, source],
})

function found(place: number): number | undefined {
  return place < 0 ? undefined : place
}

export function inlineHtml(text: string, definitions: Definitions): string {
  known = definitions
  try {
    const lexer = new marked.Lexer(marked.defaults)
    lexer.tokens.links = definitions.links
    return safeHtml(marked.Parser.parseInline(lexer.inlineTokens(text), marked.defaults))
  } finally {
    known = null
  }
}
