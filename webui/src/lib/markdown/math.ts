// Formulas, when there are any: KaTeX is loaded with the first one and writes MathML, which the browser
// draws itself. So there are no fonts and no inline styles, which a strict CSP would refuse.
import { safeHtml } from './render'

type Katex = typeof import('katex').default
let katex: Promise<Katex> | null = null

/** Turns every formula in `element` that is still source text into MathML. */
export async function drawMath(element: HTMLElement): Promise<void> {
  const found = [...element.querySelectorAll<HTMLElement>('code[data-math]')]
  if (found.length === 0) return
  katex ??= import('katex').then((module) => module.default)
  const { renderToString } = await katex
  for (const code of found) {
    if (!code.isConnected) continue
    const displayMode = code.dataset['display'] === '1'
    try {
      const html = renderToString(code.textContent ?? '', {
        displayMode,
        output: 'mathml',
        throwOnError: true,
      })
      const span = document.createElement('span')
      span.innerHTML = safeHtml(html.replace(/<annotation[\s\S]*?<\/annotation>/g, ''))
      code.replaceWith(span)
    } catch {
      code.removeAttribute('data-math') // not a formula KaTeX knows: its source stays
    }
  }
}
