// What somebody agrees to is what they see: nothing in arguments is invisible or turns what follows round.
import { expect, it } from 'vitest'
import { readable } from '../chat/toolcalls.svelte'
import { oneLine, spelledOut } from './arguments'

const TRICKS: Record<string, string> = {
  turned: '/tmp/\u202Efdp.exe',
  nothing: 'a\u200Bb\u2060c\u00ADd',
  tags: 'ok\u{E0061}\u{E0062}',
  line: 'a\u2028b',
}

it('spells out what can not be seen', () => {
  const shown = [spelledOut(TRICKS), oneLine(TRICKS), ...Object.values(readable(JSON.stringify(TRICKS)))]
  for (const text of shown) {
    expect(text).not.toMatch(/[\u202E\u200B\u2060\u00AD\u2028\u{E0061}]/u)
    expect(text).toContain('/tmp/\\u{202e}fdp.exe')
    expect(text).toContain('ok\\u{e0061}\\u{e0062}')
  }
})

it('leaves what can be seen as it is', () => {
  expect(spelledOut({ a: 'Grüße, 你好 👍' })).toBe('{\n  "a": "Grüße, 你好 👍"\n}')
})

it('also in what is no JSON, and where a number is longer than JavaScript knows', () => {
  expect(readable('{"path": "\u202Ex').full).toBe('{"path": "\\u{202e}x')
  expect(readable('{"n": 12345678901234567890}').full).toContain('12345678901234567890')
  expect(readable('{"n": 12345678901234567890}').line).toContain('12345678901234567890')
})
