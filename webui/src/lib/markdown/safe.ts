// What a model writes is a stranger's text: only the elements named here, no scripts, no styles, no ids, and
// nothing that is fetched. A tag that is not among them is shown as it was written.
import DOMPurify from 'dompurify'

const HTML_TAGS =
  'a b blockquote br caption code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var'
const MATH_TAGS =
  'math mfrac mi mn mo mover mpadded mphantom mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover mmultiscripts mprescripts menclose'
const ATTRIBUTES =
  'href title open align start colspan rowspan data-math data-display data-picture data-note data-source display mathvariant stretchy fence separator lspace rspace minsize maxsize accent accentunder columnalign rowspacing columnspacing linethickness scriptlevel displaystyle width height depth voffset notation xmlns'

const SAFE = {
  ALLOWED_TAGS: `${HTML_TAGS} ${MATH_TAGS}`.split(' '),
  ALLOWED_ATTR: ATTRIBUTES.split(' '),
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  // Values are held against the pattern below unless said otherwise: only addresses need it.
  ADD_URI_SAFE_ATTR: ATTRIBUTES.split(' ').filter((name) => name !== 'href'),
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|data:image\/(?:png|jpeg|gif|webp|avif);base64,)/i,
}

const SHOWN_TAGS = new Set(HTML_TAGS.split(' '))
const TAG = /<!--[\s\S]*?(?:-->|$)|<(\/?)([a-z][a-z0-9-]*)((?:"[^"]*"|'[^']*'|[^<>"'])*)>|</gi

const purify = DOMPurify(window)
purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName !== 'A') return
  const href = node.getAttribute('href') ?? ''
  if (/^data:/i.test(href) && !node.hasAttribute('data-picture')) node.removeAttribute('href')
  if (!/^https?:/i.test(href)) return
  if (!node.hasAttribute('title')) node.setAttribute('title', addressOf(href))
  node.setAttribute('target', '_blank')
  node.setAttribute('rel', 'noopener noreferrer nofollow')
})

export function escape(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character] ?? '',
  )
}

/** HTML that can be put on the page. What has no tags needs no washing. */
export function safeHtml(html: string): string {
  return html.includes('<') ? (purify.sanitize(html, SAFE) as string) : html
}

/** HTML as a stranger wrote it: unknown tags become text, pictures become a wish to see them. */
export function plainHtml(html: string): string {
  return html.replace(TAG, (all: string, _: string, name: string | undefined, rest: string) => {
    if (name === undefined) return all === '<' ? '&lt;' : ''
    if (SHOWN_TAGS.has(name.toLowerCase())) return all
    return /^img$/i.test(name) ? imageOf(rest) : escape(all)
  })
}

function imageOf(attributes: string): string {
  const valueOf = (name: string): string => {
    const found = new RegExp(`(?:^|[\\s"'])${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(attributes)
    return found?.[1] ?? found?.[2] ?? found?.[3] ?? ''
  }
  return picture(valueOf('src').replaceAll('&amp;', '&'), valueOf('alt'))
}

/** Where a picture is to stand: a link until somebody wants to see it (pictures.ts). */
export function picture(href: string, words: string): string {
  if (!/^(?:https?|data):/i.test(href)) return escape(words || href)
  return `<a data-picture="1" href="${escape(href)}">${escape(words)}</a>`
}

/** As a browser would ask for it: hosts in the letters that are really used. */
function addressOf(href: string): string {
  try {
    return new URL(href).href
  } catch {
    return href
  }
}
