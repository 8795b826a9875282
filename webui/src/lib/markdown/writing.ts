// Markdown as models write it, and as nobody should, made from a seed. For tests.
import { Seeded } from './seeded'

const WORDS = 'the model answers with a table 42 über 模型 и код 🙂 naïve x_y_z a*b C:\\path $5 100% e.g. http://example.org/a_b?c=d&e <T> &amp; "so" end.'.split(' ')
const LABELS = ['ref', 'a b', 'REF', '1', 'note', '__proto__', 'ßß']
const LANGUAGES = ['python', 'ts', '', 'c++', 'mermaid', 'json title="a b"', '{.rust}', 'nosuch']
/** Pieces of syntax, to be thrown together. */
const SHARDS = [
  '*', '**', '***', '_', '__', '~~', '`', '``', '```', '~~~', '````', '#', '##', '>', '> ', '- ', '* ', '+ ', '1. ', '2) ', '10. ',
  '    ', '\t', ' ', '  ', '\n', '\n\n', '\r\n', '\r', '|', '|---|', '| a | b |\n', '|:-:|--:|\n', '---', '===', '***\n', '[', ']', '(', ')',
  '[ref]', '[ref]: /u "t"\n', '[^1]', '[^1]: note\n', '![', '![a](https://x.example/i.png)', '<', '>', '<b>', '</b>', '<div>', '</div>\n\n',
  '<!--', '-->', '<script>', '</script>', '<details>', '<summary>s</summary>', '</details>', '<img src=x onerror=alert(1)>', '&amp;', '&#0;', '&',
  '$', '$$', '\\(', '\\)', '\\[', '\\]', '\\', '\\*', '- [ ] ', '- [x] ', '> [!NOTE]\n', 'x', 'word', '  \n', '\\\n', '\0', '\u{1F469}\u200D\u{1F4BB}', 'é', '\u202E', '​',
]

export class Writer {
  constructor(readonly chance: Seeded) {}

  /** A whole text. */
  text(): string {
    if (this.chance.next() < 0.25) return this.chance.many(1, 60, () => this.chance.of(SHARDS)).join('')
    const blocks = this.chance.many(1, 9, () => this.block(0))
    const text = blocks.join(this.chance.of(['\n\n', '\n\n', '\n\n', '\n', '\n\n\n']))
    const ended = text + this.chance.of(['', '\n', '\n\n', '  '])
    return this.chance.next() < 0.3 ? this.torn(ended) : ended
  }

  private block(depth: number): string {
    const { chance } = this
    const inner = (): string => chance.many(1, 3, () => this.block(depth + 1)).join(chance.of(['\n\n', '\n']))
    const deep = depth < 3
    return chance.one<string>(
      () => this.words(),
      () => this.words(),
      () => `${'#'.repeat(1 + chance.below(7))} ${this.line()}${chance.of(['', ' #', ' ##'])}`,
      () => `${this.line()}\n${chance.of(['---', '===', '-', '='])}`,
      () => chance.of(['---', '***', '_ _ _', '- - -']),
      () => this.fence(),
      () => this.words().replace(/^/gm, '    '),
      () => this.table(),
      () => (deep ? this.list(inner) : this.words()),
      () => (deep ? this.list(inner) : this.words()),
      () => (deep ? inner().replace(/^/gm, chance.of(['> ', '>', ' > '])) : this.words()),
      () => `> [!${chance.of(['NOTE', 'tip', 'WARNING', 'none'])}]\n> ${this.line()}`,
      () => `[${chance.of(LABELS)}]: ${chance.of(['/url', '<a b>', 'https://example.org', 'javascript:alert(1)'])}${chance.of(['', ' "title"', "\n  'on the next line'", ' "open'])}`,
      () => `[^${chance.of(LABELS)}]: ${this.line()}\n    ${this.line()}`,
      () => `$$${chance.of(['', '\n'])}x^2 + y_1\n- z${chance.of(['$$', '\n$$', '', '$$ no', '\n\n$$'])}`,
      () => `\\[${chance.of(['', '\n'])}a = b${chance.of(['\\]', '\n\\]', '', ' \\] more'])}`,
      () => `<${chance.of(['div', 'details', 'p align="center"', 'pre', 'script', 'style', 'table', 'b', 'tool_call', 'svg onload=alert(1)'])}>${chance.of(['', '\n'])}${this.line()}${chance.of(['', '</div>', '\n</details>', '</script>', '\n\n</pre>'])}`,
      () => `<details>\n<summary>${this.line()}</summary>\n\n${deep ? inner() : this.words()}\n</details>`,
    )
  }

  private list(inner: () => string): string {
    const { chance } = this
    const mark = chance.of(['-', '*', '+', '1.', '3)', '10.'])
    const apart = chance.of(['\n', '\n', '\n\n', '\n \n'])
    const items = chance.many(1, 4, () => {
      const begin = `${mark}${chance.of([' ', ' ', '  ', '\t', '     '])}`
      const set = ' '.repeat(chance.of([mark.length + 1, mark.length + 1, 2, 4, 1]))
      return begin + chance.of(['', '[ ] ', '[x] ', '']) + inner().replace(/\n(?=[^\n])/g, `\n${set}`)
    })
    return items.join(apart)
  }

  private fence(): string {
    const fence = this.chance.of(['```', '~~~', '````', '~~~~~'])
    const within = this.chance.many(0, 5, () => this.chance.of(['let a = 1', '', '  # no heading', '```', '~~~', '\tx', '<b>', '- x', '$$', '[^1]']))
    const closed = this.chance.of([fence, fence, `${fence}${fence[0]}`, '', fence.slice(1), `${fence} x`])
    return `${this.chance.of(['', ' ', '   '])}${fence}${this.chance.of(LANGUAGES)}\n${within.join('\n')}\n${closed}`
  }

  private table(): string {
    const { chance } = this
    const columns = 1 + chance.below(4)
    const row = (): string => `| ${chance.many(columns, columns + chance.below(2), () => this.phrase()).join(' | ')}${chance.of([' |', ''])}`
    const rule = `|${Array.from({ length: columns }, () => chance.of(['---', ':--', '--:', ':-:', '-'])).join('|')}|`
    return [row(), rule, ...chance.many(0, 5, row)].join('\n')
  }

  private words(): string {
    return this.chance.many(1, 4, () => this.line()).join(this.chance.of(['\n', '  \n', '\\\n', '\n  ']))
  }

  private line(): string {
    return this.chance.many(1, 8, () => this.phrase()).join(' ')
  }

  private phrase(): string {
    const { chance } = this
    const word = (): string => chance.of(WORDS)
    return chance.one<string>(
      word, word, word, word,
      () => `**${word()} ${word()}**`,
      () => `*${word()}*`,
      () => `_${word()} **${word()}**_`,
      () => `~~${word()}~~`,
      () => `\`${word()}\``,
      () => `\`\`a \` ${word()}\`\``,
      () => `[${word()}](https://example.org/${chance.of(['', 'a_(b)', '?q=1&r=2'])}${chance.of(['', ' "title"'])})`,
      () => `[${word()}](${chance.of(['javascript:alert(1)', 'data:text/html,x', 'mailto:a@b.c', '/local', 'JaVaScRiPt:x'])})`,
      () => `[${word()}][${chance.of(LABELS)}]`,
      () => `[${chance.of(LABELS)}]`,
      () => `[^${chance.of(LABELS)}]`,
      () => `![${word()}](${chance.of(['https://x.example/i.png', 'data:image/png;base64,AAAA', 'javascript:x', '//x'])})`,
      () => `$x_${word()}^2$`,
      () => `\\(${word()}\\)`,
      () => `$$${word()}$$`,
      () => `<${chance.of(['b', 'kbd', 'T', 'a href="javascript:x"', 'img src=x onerror=y', 'br', 'span style="x"', '/b'])}>`,
      () => chance.of(['**', '*', '`', '[', '](', '$', '|', '\\|', '<', '~~', '!']),
    )
  }

  /** With pieces cut out and thrown in. */
  private torn(text: string): string {
    let torn = text
    for (const _ of this.chance.many(1, 4, () => 0)) {
      const at = this.chance.below(torn.length + 1)
      torn = torn.slice(0, at) + this.chance.of(SHARDS) + torn.slice(at + this.chance.below(3))
    }
    return torn
  }
}
