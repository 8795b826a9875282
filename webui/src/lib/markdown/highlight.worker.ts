// Colours code away from the main thread. In: {id, lang, code}. Out: {id, lines} or lines: null for unknown languages.
import hljs from 'highlight.js/lib/common'

interface Ask {
  id: number
  lang: string
  code: string
}

/** Splits highlighted HTML into lines that each stand alone: open spans are closed and opened again. */
function linesOf(html: string): string[] {
  const open: string[] = []
  return html.split('\n').map((line) => {
    const before = open.join('')
    for (const [tag] of line.matchAll(/<span[^>]*>|<\/span>/g)) {
      if (tag === '</span>') open.pop()
      else open.push(tag)
    }
    return before + line + '</span>'.repeat(open.length)
  })
}

self.onmessage = ({ data }: MessageEvent<Ask>) => {
  const { id, lang, code } = data
  const known = lang !== '' && hljs.getLanguage(lang) !== undefined
  const lines = known
    ? linesOf(hljs.highlight(code, { language: lang, ignoreIllegals: true }).value)
    : null
  self.postMessage({ id, lines })
}
