// @vitest-environment jsdom
// DOMPurify is tested on a DOM whose parser behaves as browsers' do.
import { describe, expect, it } from 'vitest'
import { heal } from './heal'
import { MarkdownStream, type Block } from './stream'

const whole = (text: string): readonly Block[] => {
  const stream = new MarkdownStream()
  stream.append(text)
  stream.finish()
  return stream.read().blocks
}

/** Blocks in a line: `list(item(text "a"))`. */
function told(blocks: readonly Block[]): string {
  return blocks.map(one).join(' ')
}
function one(block: Block): string {
  switch (block.kind) {
    case 'text':
      return `"${block.html}"`
    case 'heading':
      return `h${block.level}"${block.html}"`
    case 'code':
      return `code:${block.lang}${JSON.stringify(block.text)}`
    case 'formula':
      return `formula"${block.text}"`
    case 'table':
      return `table[${block.head.join('|')}]${block.rows.map(({ cells }) => `[${cells.join('|')}]`).join('')}`
    case 'list': {
      const name = `${block.ordered ? `ol${block.start}` : 'ul'}${block.loose ? ' loose' : ''}`
      const items = block.items.map((item) => (item.done === null ? '' : item.done ? 'x ' : 'o ') + told(item.blocks))
      return `${name}(${items.join(', ')})`
    }
    case 'quote':
      return `quote${block.alert && `:${block.alert}`}(${told(block.blocks)})`
    case 'details':
      return `details"${block.summary}"(${told(block.blocks)})`
    case 'rule':
      return 'rule'
    case 'html':
      return `html"${block.html.trim()}"`
  }
}

describe('blocks', () => {
  it.each([
    ['a\nb\n\nc', '"a\nb" "c"'],
    ['# a #\n## b\n####### c', 'h1"a" h2"b" "####### c"'],
    ['a\nb\n===\nc\n---', 'h1"a\nb" h2"c"'],
    ['***\n- - -\n___', 'rule rule rule'],
    ['- a\n- b', 'ul("a", "b")'],
    ['- a\n\n- b', 'ul loose("a", "b")'],
    ['- a\n  - b\n    - c\n- d', 'ul("a" ul("b" ul("c")), "d")'],
    ['- a\n  - b\n\n  - c\n- d', 'ul("a" ul loose("b", "c"), "d")'],
    ['- a\n  - b\n\n- c', 'ul loose("a" ul("b"), "c")'],
    ['- a\n\n  b\n- c', 'ul loose("a" "b", "c")'],
    ['3. a\n4. b\n\n1) c', 'ol3("a", "b") ol1("c")'],
    ['- a\nlazy\n\nb', 'ul("a\nlazy") "b"'],
    ['-\n  a\n-\n- b', 'ul("a", , "b")'],
    ['-\n\n  a', 'ul() "a"'],
    ['a\n2. b\n\n1. c', '"a\n2. b" ol1("c")'],
    ['1. x\n   ```sh\n   ls\n\n     -l\n   ```\n2. y', 'ol1("x" code:sh"ls\\n\\n  -l", "y")'],
    ['- [ ] a\n- [x] b\n- [y] c', 'ul(o "a", x "b", "[y] c")'],
    ['> a\nb\n> - c\n\nd', 'quote("a\nb" ul("c")) "d"'],
    ['> [!TIP]\n> a\n\n> [!no]', 'quote:tip("a") quote("[!no]")'],
    ['```py\na\n~~~\n``\n````\nb', 'code:py"a\\n~~~\\n``" "b"'],
    ['~~~~\n```\n~~~\n~~~~~', 'code:"```\\n~~~"'],
    ['```\nopen', 'code:"open"'],
    ['    a\n\n     b\n\nc', 'code:"a\\n\\n b" "c"'],
    ['a\n    b', '"a\nb"'],
    ['\ta\n\n-\tb', 'code:"a" ul("b")'],
    ['| a | b |\n|---|--:|\n| 1 | 2 | 3 |\n| 4 |\n> c', 'table[a|b][1|2][4|] quote("c")'],
    ['x\na | b\n- | -\n`c \\| d` | e', '"x" table[a|b][<code>c | d</code>|e]'],
    ['| a |\n| b |', '"| a |\n| b |"'],
    ['$$\na\n= b\n- c\n$$\nd', 'formula"a\n= b\n- c" "d"'],
    ['\\[ a^2 \\]', 'formula"a^2"'],
    ['$$ 5\n- a\n\nb', '"$$ 5" ul("a") "b"'],
    ['<div>\n*a*\n\n*b*\n</div>', 'html"<div>\n*a*</div>" "<em>b</em>" html""'],
    ['<details open>\n<summary>**S**</summary>\n\n- a\n\n</details>\nb', 'details"<strong>S</strong>"(ul("a")) "b"'],
    ['<tool_call>\n{"a": 1}\n</tool_call>', '"&lt;tool_call&gt;\n{&quot;a&quot;: 1}\n&lt;/tool_call&gt;"'],
    ['<script>\nx\n</script>', 'code:html"<script>\\nx\\n</script>"'],
    ['a  \nb\\\nc', '"a<br>b<br>c"'],
    ['[a]: /x\n[b]\n\n[b]: https://b.example "B"', '"<a href="https://b.example" title="B" target="_blank" rel="noopener noreferrer nofollow">b</a>"'],
    ['a\r\nb\r\rc', '"a\nb" "c"'],
  ])('%j', (text, blocks) => {
    expect(told(whole(text))).toBe(blocks)
  })
})

describe('a text that is still being written', () => {
  const shown = (text: string): string => {
    const stream = new MarkdownStream()
    stream.append(text)
    return told(stream.read().blocks)
  }

  it.each([
    ['this is **impor', '"this is <strong>impor</strong>"'],
    ['```js\nlet a = 1\n``', 'code:js"let a = 1"'],
    ['text\n-', '"text"'],
    ['text\n```', '"text"'],
    ['| a | b |', ''],
    ['| a | b |\n|--', ''],
    ['| a | b |\n|---|---|\n| one', 'table[a|b][one|]'],
    ['| a | b |\n|---|---|\n| 1 | **2', 'table[a|b][1|<strong>2</strong>]'],
    ['- a\n  - b', 'ul("a" ul("b"))'],
    ['- a\n  ', 'ul("a")'],
    ['[ref]: https://exam', ''],
    ['$$\nx^2', 'formula"x^2"'],
    ['> quo', 'quote("quo")'],
    ['# A **ti', 'h1"A <strong>ti</strong>"'],
  ])('%j', (text, blocks) => {
    expect(shown(text)).toBe(blocks)
  })

  it('keeps the id of a block when it is finished or becomes a heading', () => {
    const stream = new MarkdownStream()
    stream.append('hello\nwor')
    const [tail] = stream.read().blocks
    stream.append('ld\n===\nnext')
    expect(stream.read().blocks[0]).toMatchObject({ id: tail?.id, kind: 'heading' })
  })

  it('shows links and footnotes anew when they are defined at last, and nothing else', () => {
    const stream = new MarkdownStream()
    stream.append('[a] and x[^1]\n\nother [b]\n\n')
    const [first, other] = stream.read().blocks
    expect(told(stream.read().blocks)).toBe('"[a] and x[^1]" "other [b]"')
    stream.append('[a]: https://a.example\n\n[^1]: said **here**\n\n')
    const { blocks, notes } = stream.read()
    expect(told(blocks)).toMatch(/href="https:\/\/a\.example".*<sup><a data-note="1">1<\/a><\/sup>/)
    expect(blocks[0]).not.toEqual(first)
    expect(blocks[1]).toEqual(other)
    expect(notes.map(({ number, blocks: said }) => `${number} ${told(said)}`)).toEqual(['1 "said <strong>here</strong>"'])
  })
})

describe('words', () => {
  const html = (text: string, sources = 0): string => {
    const stream = new MarkdownStream(sources)
    stream.append(text)
    stream.finish()
    return told(stream.read().blocks)
  }

  it('finds formulas but not prices', () => {
    expect(html('so $x^2$ and \\(y\\)')).toMatch(/data-math="1".*x\^2.*data-math="1".*y/)
    expect(html('it costs $5 and $6')).not.toContain('data-math')
    expect(html('here $$\\sum_i x_i$$ it is')).toContain('data-display="1"')
  })

  it('asks before it shows pictures', () => {
    expect(html('![alt](https://example.org/a.png)')).toContain('<a data-picture="1" href="https://example.org/a.png"')
    expect(html('<img src="https://example.org/a.png" alt="words">')).toContain('<a data-picture="1"')
  })

  it('opens links elsewhere, without telling where from, and names their address', () => {
    expect(html('[a](https://bücher.example/x)')).toMatch(
      /title="https:\/\/xn--bcher-kva.example\/x" target="_blank" rel="noopener noreferrer nofollow"/,
    )
  })

  it('points to sources where there are any', () => {
    expect(html('so [1, 2] but [3] and [x](https://a.example)', 2)).toMatch(/<a data-source="1">1<\/a><a data-source="2">2<\/a> but \[3\]/)
    expect(html('so [1]')).toBe('"so [1]"')
  })

  it('says tags it does not know', () => {
    expect(html('a Vec<String> and <b>bold</b>')).toBe('"a Vec&lt;String&gt; and <b>bold</b>"')
  })
})

describe('healing', () => {
  it.each([
    ['a **b', 'a **b**'],
    ['a **', 'a'],
    ['a **b*', 'a **b**'],
    ['a *b **c', 'a *b **c***'],
    ['a `b', 'a `b`'],
    ['a ``b `', 'a ``b ``'],
    ['a `', 'a '],
    ['see [this](https://exa', 'see this'],
    ['see ![this](https://exa', 'see '],
    ['see [this][re', 'see [this]'],
    ['a ~~b', 'a ~~b~~'],
    ['a <sp', 'a '],
    ['1 < 2', '1 < 2'],
    ['nothing open', 'nothing open'],
    ['**done** and more', '**done** and more'],
    ['`**` is a mark', '`**` is a mark'],
    ['snake_case_name', 'snake_case_name'],
  ])('%j becomes %j', (text, healed) => {
    expect(heal(text)).toBe(healed)
  })
})
