// Whatever is written, and in whichever pieces it comes: the end is the same. HTML is washed elsewhere
// (safe.fuzz.test.ts); here it is not, so that many thousand splits take seconds.
// A failure names its seed; RENDER_SEED=… RENDER_TEXTS=1 makes the same text again.
import { describe, expect, it, vi } from 'vitest'
import { Seeded } from './seeded'
import { Writer } from './writing'

vi.stubGlobal('window', {})
vi.mock('dompurify', () => ({ default: () => ({ addHook: () => undefined, sanitize: (html: string) => html }) }))
const { MarkdownStream } = await import('./stream')
type Picture = import('./stream').Picture

const env = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env ?? {}
const SEED = Number(env['RENDER_SEED'] ?? 20261130)
const TEXTS = Number(env['RENDER_TEXTS'] ?? 400)
const WAYS = 6

const seeds = Array.from({ length: TEXTS }, (_, i) => SEED + i)
const textOf = (seed: number): string => new Writer(new Seeded(seed)).text()
const plain = (picture: Picture): unknown => JSON.parse(JSON.stringify(picture))

/** Looks at it on the way now and then: looking must not change anything. */
function written(pieces: readonly string[], look: () => boolean = () => false): unknown {
  const stream = new MarkdownStream()
  for (const piece of pieces) {
    stream.append(piece)
    if (look()) stream.read()
  }
  stream.finish()
  return plain(stream.read())
}

/** Cut anywhere, also within a character that takes two units. */
function cut(text: string, chance: Seeded): string[] {
  const longest = chance.of([1, 2, 3, 7, 30, 200])
  const pieces: string[] = []
  for (let at = 0; at < text.length; ) {
    const length = chance.below(longest + 1)
    pieces.push(text.slice(at, at + length))
    at += length
  }
  return pieces
}

describe('any text', () => {
  it(`ends the same in whichever pieces it comes (${TEXTS} texts, ${WAYS} ways each)`, () => {
    for (const seed of seeds) {
      const text = textOf(seed)
      const whole = written([text])
      for (let way = 0; way < WAYS; way += 1) {
        const chance = new Seeded(seed * 7 + way)
        const often = chance.of([0, 0.1, 1])
        const ended = written(cut(text, chance), () => chance.next() < often)
        expect(ended, `seed ${seed}, way ${way}: ${JSON.stringify(text)}`).toEqual(whole)
      }
    }
  }, 240_000)

  it('leaves a block alone once another has followed it, and gives each an id of its own', () => {
    for (const seed of seeds) {
      // Without brackets nothing is defined later that could change what a block says.
      const lines = textOf(seed).replaceAll('[', '').split(/(?<=\n)/)
      const stream = new MarkdownStream()
      let before: readonly unknown[] = []
      for (const line of lines) {
        stream.append(line)
        const { blocks } = stream.read()
        const where = `seed ${seed}: ${JSON.stringify(lines.join(''))}`
        before.slice(0, -1).forEach((block, i) => expect(blocks[i], where).toBe(block))
        expect(new Set(blocks.map(({ id }) => id)).size, where).toBe(blocks.length)
        before = line.endsWith('\n') ? blocks : []
      }
    }
  }, 240_000)
})
