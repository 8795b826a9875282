// Asks the frame that draws diagrams (src/diagram), which is there from the first one on.

export interface Look {
  dark: boolean
  font: string
  colours: Record<string, string>
}
export interface Asked {
  id: number
  text: string
  look: Look
}
export interface Drawn {
  id: number
  /** "" when it could not be drawn. */
  svg: string
  width: number
  height: number
  problem: string
}

const PATIENCE_MS = 20_000
let frame: Promise<Window> | null = null
let next = 0
const waiting = new Map<number, (drawn: Drawn) => void>()

export async function drawDiagram(text: string, look: Look): Promise<Drawn> {
  frame ??= open()
  const drawer = await frame
  return new Promise((resolve) => {
    const id = next++
    const late = setTimeout(() => told({ id, svg: '', width: 0, height: 0, problem: '' }), PATIENCE_MS)
    waiting.set(id, (drawn) => {
      clearTimeout(late)
      resolve(drawn)
    })
    drawer.postMessage({ id, text, look } satisfies Asked, location.origin)
  })
}

function told(drawn: Drawn): void {
  waiting.get(drawn.id)?.(drawn)
  waiting.delete(drawn.id)
}

function open(): Promise<Window> {
  const element = document.createElement('iframe')
  element.setAttribute('aria-hidden', 'true')
  element.tabIndex = -1
  // It has to be laid out: texts are measured in it.
  Object.assign(element.style, {
    position: 'fixed',
    left: '-2000px',
    top: '0',
    width: '1000px',
    height: '800px',
    border: '0',
    visibility: 'hidden',
  })
  element.src = '/diagram.html'
  return new Promise((resolve) => {
    addEventListener('message', ({ data, origin, source }: MessageEvent<Drawn | { ready: true }>) => {
      if (origin !== location.origin || source !== element.contentWindow) return
      if ('ready' in data) resolve(source as Window)
      else told(data)
    })
    document.body.append(element)
  })
}

const TOKENS = ['bg', 'surface', 'raised', 'line', 'line-strong', 'text', 'dim', 'accent'] as const

/** The window's colours, as Mermaid takes them. */
export function lookOf(element: HTMLElement): Look {
  const probe = document.createElement('span')
  element.append(probe)
  const colours = Object.fromEntries(
    TOKENS.map((name) => {
      probe.style.color = `var(--${name})`
      return [name, hex(getComputedStyle(probe).color)]
    }),
  ) as Record<(typeof TOKENS)[number], string>
  probe.remove()
  const dark = parseInt(colours.bg.slice(1, 3), 16) < 128
  return {
    dark,
    font: 'system-ui, sans-serif',
    colours: {
      background: colours.bg,
      primaryColor: colours.raised,
      primaryTextColor: colours.text,
      primaryBorderColor: colours['line-strong'],
      secondaryColor: colours.surface,
      tertiaryColor: colours.surface,
      lineColor: colours.dim,
      textColor: colours.text,
      titleColor: colours.text,
      edgeLabelBackground: colours.bg,
      clusterBkg: colours.surface,
      clusterBorder: colours.line,
      noteBkgColor: colours.surface,
      noteTextColor: colours.text,
      noteBorderColor: colours['line-strong'],
      activationBkgColor: colours.raised,
      actorBkg: colours.raised,
      signalColor: colours.dim,
      pie1: colours.accent,
      dropShadow: 'none',
    },
  }
}

/** "#rrggbb" of any colour the browser knows. */
function hex(colour: string): string {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = 1
  const pen = canvas.getContext('2d')
  if (!pen) return '#808080'
  pen.fillStyle = colour
  pen.fillRect(0, 0, 1, 1)
  const [red = 0, green = 0, blue = 0] = pen.getImageData(0, 0, 1, 1).data
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`
}
