import { describe, expect, it } from 'vitest'
import { LEVELS, levelOf, LogBook, markedLine, markOf, pattern, type Level } from './logs'

const NONE: ReadonlySet<number> = new Set()
const VLLM = '(EngineCore pid=7) ERROR 11-30 02:14:07 [core.py:400] '
const TRACE = [
  'Traceback (most recent call last):',
  '  File "a.py", line 1, in load',
  '    raise ValueError("no")',
  'ValueError: no',
]

function book(...texts: string[]): LogBook {
  const made = new LogBook(1000)
  made.append(texts)
  return made
}
const told = (made: LogBook, opened: ReadonlySet<number> = NONE): [string, number][] =>
  made.rows(opened, true).map(({ line, folded }) => [line.text, folded])

describe('log lines', () => {
  it.each([
    ['INFO 11-23 [a.py:1] ready', 'info'],
    ['ERROR 11-23 [a.py:1] broken', 'error'],
    ['(EngineCore pid=1) ERROR 11-23 broken', 'error'],
    ['WARNING 11-23 [a.py:1] hm', 'warning'],
    ['Traceback (most recent call last):', 'error'],
    ['torch.OutOfMemoryError: CUDA', 'info'],
    ['ValueError: no', 'error'],
    ['DEBUG x', 'debug'],
  ])('%j is %s', (line, level) => {
    expect(levelOf(line, 'info')).toBe(level)
  })

  it('keep their numbers when old ones go', () => {
    const made = new LogBook(10)
    for (let i = 1; i <= 30; i += 1) made.append([`line ${i}`])
    expect(made.lines.length).toBeLessThanOrEqual(11)
    expect(made.lines.at(-1)).toMatchObject({ number: 30, text: 'line 30' })
    expect(made.wanted[0]).toBe(made.lines[0])
  })

  it('are filtered by words and level, also those that come later', () => {
    const made = book('INFO a', 'ERROR a', 'INFO b')
    made.want(pattern('a'), new Set<Level>(['error']))
    made.append(['ERROR a again', 'ERROR b'])
    expect(made.wanted.map((line) => line.text)).toEqual(['ERROR a', 'ERROR a again'])
    made.want(null, new Set(LEVELS))
    expect(made.wanted).toHaveLength(5)
  })

  it('are patterns only when they are whole', () => {
    expect(pattern('err(or')).toBeNull()
    expect(pattern('ERR')?.test('an error')).toBe(true)
  })
})

describe('a traceback', () => {
  it('is one row, with its last line, until it is opened', () => {
    const made = book('INFO before', ...TRACE, 'INFO after')
    expect(told(made)).toEqual([['INFO before', 0], ['ValueError: no', 3], ['INFO after', 0]])
    expect(told(made, new Set([2]))).toHaveLength(6)
    expect(made.rows(new Set([2]), true)[1]).toMatchObject({ opened: true })
    expect(made.rows(NONE, false)).toHaveLength(6)
  })

  it('is known under what an engine writes before each line', () => {
    expect(told(book(...TRACE.map((line) => VLLM + line), `${VLLM}engine core is gone`))).toEqual([
      [`${VLLM}ValueError: no`, 3],
      [`${VLLM}engine core is gone`, 0],
    ])
  })

  it('goes on into the one that it led to', () => {
    const link = ['', 'During handling of the above exception, another exception occurred:', '']
    const second = [...TRACE.slice(0, 3), 'RuntimeError: worse']
    expect(told(book(...TRACE, ...link, ...second, 'INFO after'))).toEqual([['RuntimeError: worse', 10], ['INFO after', 0]])
  })

  it('ends where another begins by itself, and where something else is said', () => {
    expect(told(book(...TRACE, ...TRACE)).map(([, folded]) => folded)).toEqual([3, 3])
    expect(told(book(TRACE[0]!, TRACE[1]!, 'INFO: 127.0.0.1 "GET /health"', 'INFO x')).at(-1)).toEqual(['INFO x', 0])
  })

  it('is whole in error level, so that the level hides none of it', () => {
    expect(new Set(book(...TRACE).lines.map((line) => line.level))).toEqual(new Set(['error']))
  })
})

describe('a link to a line', () => {
  it('finds the line again, and the newest of equal ones', () => {
    const { lines } = book('a', 'b', 'a', 'b', 'c')
    expect(markedLine(lines, markOf(lines[4], lines[3]))?.number).toBe(5)
    expect(markedLine(lines, markOf(lines[1], lines[0]))?.number).toBe(4)
    expect(markedLine(lines, 'ffffffff')).toBeNull()
  })
})
