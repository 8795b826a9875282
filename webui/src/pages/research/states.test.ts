import { expect, it } from 'vitest'
import type { Step } from './api'
import { isCutOff } from './states'

const search = (problem: string): Step['searches'][number] => ({ problem }) as Step['searches'][number]

it.each([
  ['every search failed', [search('no network'), search('no network')], 0, true],
  ['one was made', [search('no network'), search('')], 0, false],
  ['none was made yet', [], 0, false],
  ['something was noted before', [search('no network')], 2, false],
])('a step is looked into or not: %s', (_, searches, notes, cutOff) => {
  expect(isCutOff({ searches, notes })).toBe(cutOff)
})
