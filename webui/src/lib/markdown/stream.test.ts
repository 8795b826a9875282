// @vitest-environment jsdom
// DOMPurify is tested on a DOM whose parser behaves as browsers' do.
import { describe, expect, it } from 'vitest'
import { heal, MarkdownStream, type Block } from './stream'

const TEXT = `# A title

Some **bold** text with \`code\` and a [link](https://example.org).

- one
- two

  still two

\`\`\`python
def f():
    return "x"

# \`\`\` not the end
\`\`\`

| a | b |
|---|--:|
| 1 | 2 |

> quoted

Last words.`

function whole(text: string): readonly Block[] {
  const stream = new MarkdownStream()
  stream.append(text)
  stream.finish()
  return stream.done
}

function inPieces(text: string, size: number): MarkdownStream {
  const stream = new MarkdownStream()
  for (let i = 0; i < text.length; i += size) stream.append(text.slice(i, i + size))
  stream.finish()
  return stream
}

const seen = (block: Block): string =>
  block.kind === 'html' ? block.html.trim() : `${block.lang}:${block.source.text}`

describe('a text in Markdown that is still being written', () => {
  it.each([1, 2, 3, 7, 50, 1000])('ends the same in pieces of %i as in one', (size) => {
    expect(inPieces(TEXT, size).done.map(seen)).toEqual(whole(TEXT).map(seen))
  })

  it('never changes a block once it is done', () => {
    const stream = new MarkdownStream()
    const frozen: Block[] = []
    for (const character of TEXT) {
      stream.append(character)
      frozen.forEach((block, i) => expect(stream.done[i]).toBe(block))
      frozen.push(...stream.done.slice(frozen.length))
    }
  })

  it('gives every block an id of its own, and the tail keeps its id when it is done', () => {
    const stream = new MarkdownStream()
    stream.append('hello')
    const tail = stream.tail?.id
    stream.append(' world\n\nmore')
    expect(stream.done[0]?.id).toBe(tail)
    const ids = inPieces(TEXT, 5).done.map((block) => block.id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('passes code on as it comes and holds back only what may close the fence', () => {
    const stream = new MarkdownStream()
    stream.append('```js\nlet a = 1\n``')
    const block = stream.tail
    expect(block?.kind === 'code' && block.source.text).toBe('let a = 1\n')
    stream.append('` not a fence\n')
    expect(block?.kind === 'code' && block.source.text).toBe('let a = 1\n``` not a fence\n')
    expect(block?.kind === 'code' && block.source.open).toBe(true)
  })

  it('closes an open fence at the end of the text', () => {
    const [block] = whole('```\nunfinished')
    expect(block?.kind === 'code' && [block.source.text, block.source.open]).toEqual([
      'unfinished',
      false,
    ])
  })

  it('keeps a loose list together while its items come', () => {
    const list = '1. one\n\n2. two\n\n3. three\n'
    expect(inPieces(list, 1).done).toHaveLength(1)
    expect(inPieces(list, 1).done.map(seen)[0]).toContain('three')
  })

  it('shows a half-written emphasis as emphasis', () => {
    const stream = new MarkdownStream()
    stream.append('this is **impor')
    expect(stream.tail?.kind === 'html' && stream.tail.html).toContain('<strong>impor</strong>')
  })
})

describe('what a model writes', () => {
  const html = (text: string): string => whole(text).map(seen).join('')

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<a href="javascript:alert(1)">x</a>',
    '[x](javascript:alert(1))',
    '<iframe src="https://example.org"></iframe>',
    '<form action="/api/evict"><button>x</button></form>',
    '<p style="position:fixed">x</p>',
    '<svg onload=alert(1)>',
    '<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>',
  ])('can do nothing: %s', (text) => {
    expect(html(text)).not.toMatch(/script|onerror|onload|<iframe|<form|<button|style=|<img|<svg|<style/i)
  })

  it('shows pictures as links, so that nothing is fetched', () => {
    expect(html('![alt](https://example.org/a.png)')).toContain('href="https://example.org/a.png"')
    expect(html('![alt](https://example.org/a.png)')).not.toContain('<img')
  })

  it('opens links elsewhere, without telling where from', () => {
    expect(html('[a](https://example.org)')).toMatch(/target="_blank".*rel="noopener noreferrer nofollow"/)
  })

  it('keeps what tables say about their columns', () => {
    expect(html('| a |\n|--:|\n| 1 |')).toContain('<td align="right">1</td>')
  })

  it('finds formulas but not prices', () => {
    expect(html('so $x^2$ it is')).toContain('data-math="1"')
    expect(html('it costs $5 and $6')).not.toContain('data-math')
    expect(html('$$\\sum_i x_i$$')).toContain('data-display="1"')
  })
})

describe('healing', () => {
  it.each([
    ['a **b', 'a **b**'],
    ['a **', 'a '],
    ['a `b', 'a `b`'],
    ['see [this](https://exa', 'see this'],
    ['a ~~b', 'a ~~b~~'],
    ['nothing open', 'nothing open'],
    ['**done** and more', '**done** and more'],
  ])('%j becomes %j', (text, healed) => {
    expect(heal(text)).toBe(healed)
  })
})
