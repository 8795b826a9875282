// Formulas, when there are any: KaTeX is loaded with the first one and writes MathML, which the browser
// draws itself. So there are no fonts and no inline styles, which a strict CSP would refuse.
import { safeHtml } from './safe'

type Katex = typeof import('katex').default
let loading: Promise<Katex> | null = null
let katex: Katex | null = null

const KEPT = 500
const drawn = new Map<string, string>()

/** Turns every formula in `element` that is still source text into MathML: at once when KaTeX is here. */
export function drawMath(element: HTMLElement): void {
  if (!element.querySelector('code[data-math]')) return
  if (katex) return draw(element, katex)
  loading ??= import('katex').then((module) => (katex = module.default))
  loading.then(
    (loaded) => draw(element, loaded),
    () => {
      loading = null // it is asked for again with the next formula; the source stays
    },
  )
}

function draw(element: HTMLElement, loaded: Katex): void {
  for (const code of element.querySelectorAll<HTMLElement>('code[data-math]')) {
    const display = code.dataset['display'] === '1'
    const html = mathMl(loaded, code.textContent ?? '', display)
    if (html === '') {
      code.removeAttribute('data-math') // not a formula KaTeX knows: its source stays
      continue
    }
    const span = document.createElement('span')
    span.className = display ? 'formula display' : 'formula'
    span.innerHTML = html
    code.replaceWith(span)
  }
}

function mathMl({ renderToString }: Katex, text: string, displayMode: boolean): string {
  const key = `${Number(displayMode)}${text}`
  const before = drawn.get(key)
  if (before !== undefined) return before
  let html = ''
  try {
    const made = renderToString(text, { displayMode, output: 'mathml', throwOnError: true, strict: 'ignore', maxExpand: 200 })
    html = safeHtml(made.replace(/<annotation[\s\S]*?<\/annotation>/g, ''))
  } catch {
    // said by its source
  }
  if (drawn.size >= KEPT) drawn.delete(drawn.keys().next().value ?? '')
  drawn.set(key, html)
  return html
}
