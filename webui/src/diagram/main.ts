// The page that draws diagrams, in a frame nobody sees. Mermaid writes styles into the page it draws in, which the
// window's policy forbids; here they are allowed, and in turn nothing can be fetched, from anywhere. What comes
// out is a picture without scripts, shown as one.
import DOMPurify from 'dompurify'
import mermaid from 'mermaid'
import type { Asked, Drawn } from '../lib/markdown/diagrams'

const CLEAN = {
  USE_PROFILES: { svg: true, svgFilters: true },
  ADD_TAGS: ['style'],
  FORBID_TAGS: ['script', 'foreignObject', 'image', 'use', 'a', 'animate', 'set'],
  // No value begins with a scheme.
  ALLOWED_URI_REGEXP: /^(?:[^a-z]|[a-z+.-]+(?:[^a-z+.:-]|$))/i,
  RETURN_DOM_FRAGMENT: true as const,
}
let count = 0
// One after the other: Mermaid has one configuration at a time.
let before: Promise<void> = Promise.resolve()

addEventListener('message', ({ data, origin, source }: MessageEvent<Asked>) => {
  if (origin !== location.origin || source !== parent || typeof data.text !== 'string') return
  before = before.then(async () => {
    const drawn: Drawn = { id: data.id, ...(await draw(data)) }
    parent.postMessage(drawn, location.origin)
  })
})
parent.postMessage({ ready: true }, location.origin)

async function draw({ text, look }: Asked): Promise<Omit<Drawn, 'id'>> {
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: 'strict',
    suppressErrorRendering: true,
    htmlLabels: false,
    flowchart: { htmlLabels: false },
    maxTextSize: 50_000,
    maxEdges: 500,
    theme: 'base',
    fontFamily: look.font,
    themeVariables: { ...look.colours, darkMode: look.dark, fontFamily: look.font, fontSize: '14px' },
  })
  try {
    count += 1
    const { svg } = await mermaid.render(`diagram-${count}`, text)
    return { ...sized(DOMPurify.sanitize(svg, CLEAN)), problem: '' }
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    return { svg: '', width: 0, height: 0, problem: words.split('\n')[0] ?? '' }
  } finally {
    document.body.replaceChildren()
  }
}

/** With its size said, so that it can stand as a picture. */
function sized(drawing: DocumentFragment): Omit<Drawn, 'id' | 'problem'> {
  const root = drawing.querySelector('svg')
  const [, , width = 0, height = 0] = (root?.getAttribute('viewBox') ?? '').split(/[\s,]+/).map(Number)
  if (!root || !(width > 0) || !(height > 0)) throw new Error('nothing was drawn')
  root.setAttribute('width', String(width))
  root.setAttribute('height', String(height))
  return { svg: new XMLSerializer().serializeToString(root), width, height }
}
