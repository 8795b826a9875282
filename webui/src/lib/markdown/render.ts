// Markdown tokens → safe HTML. What a model writes is a stranger's text: no scripts, no styles, no pictures
// from elsewhere, only the elements named here.
import DOMPurify from 'dompurify'
import { Marked, type Token, type TokensList } from 'marked'

const HTML_TAGS =
  'a b blockquote br code del div em h1 h2 h3 h4 h5 h6 hr i kbd li ol p pre s span strong sub sup table tbody td th thead tr u ul'
const MATH_TAGS =
  'math mfrac mi mn mo mover mpadded mphantom mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover mmultiscripts mprescripts'
const ATTRIBUTES =
  'href title align start colspan rowspan tabindex data-math data-display display mathvariant stretchy fence separator lspace rspace minsize maxsize accent accentunder columnalign rowspacing columnspacing linethickness scriptlevel displaystyle width height depth voffset xmlns'

const SAFE = {
  ALLOWED_TAGS: `${HTML_TAGS} ${MATH_TAGS}`.split(' '),
  ALLOWED_ATTR: ATTRIBUTES.split(' '),
  ALLOW_DATA_ATTR: false,
  // Values are held against the pattern below unless said otherwise: only addresses need it.
  ADD_URI_SAFE_ATTR: ATTRIBUTES.split(' ').filter((name) => name !== 'href'),
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
}

const purify = DOMPurify(window)
purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName !== 'A') return
  node.setAttribute('target', '_blank')
  node.setAttribute('rel', 'noopener noreferrer nofollow')
})

export function escape(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character] ?? '',
  )
}

const math = (text: string, display: boolean): string =>
  `<code data-math="1" data-display="${Number(display)}">${escape(text)}</code>`

export const marked = new Marked({
  gfm: true,
  renderer: {
    image: ({ href, text }) => `<a href="${escape(href)}">${escape(text || href)}</a>`,
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    table(token) {
      const cells = (row: typeof token.header, tag: string): string =>
        `<tr>${row
          .map(
            (cell) =>
              `<${tag}${cell.align ? ` align="${cell.align}"` : ''}>${this.parser.parseInline(cell.tokens)}</${tag}>`,
          )
          .join('')}</tr>`
      const body = token.rows.map((row) => cells(row, 'td')).join('')
      return `<div tabindex="0"><table><thead>${cells(token.header, 'th')}</thead><tbody>${body}</tbody></table></div>`
    },
  },
  extensions: [
    {
      name: 'mathBlock',
      level: 'block',
      start: (text: string) => text.search(/\$\$|\\\[/),
      tokenizer(text: string) {
        const found = /^(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])(?:\n|$)/.exec(text)
        if (!found) return undefined
        return { type: 'mathBlock', raw: found[0], text: (found[1] ?? found[2] ?? '').trim() }
      },
      renderer: (token) => `<div>${math(String(token['text']), true)}</div>`,
    },
    {
      name: 'mathInline',
      level: 'inline',
      start: (text: string) => text.search(/\$|\\\(/),
      tokenizer(text: string) {
        // "$5 and $6" is money: the closing sign touches no space and no figure follows it.
        const found = /^(?:\$([^\s$](?:[^$\n]*[^\s$])?)\$(?!\d)|\\\(([^\n]+?)\\\))/.exec(text)
        if (!found) return undefined
        return { type: 'mathInline', raw: found[0], text: found[1] ?? found[2] ?? '' }
      },
      renderer: (token) => math(String(token['text']), false),
    },
  ],
})

export function toHtml(tokens: Token[], links: TokensList['links'] = {}): string {
  return purify.sanitize(marked.parser(Object.assign(tokens, { links })), SAFE) as string
}

/** For text made by KaTeX: the same rules as for everything else. */
export function safeHtml(html: string): string {
  return purify.sanitize(html, SAFE) as string
}
