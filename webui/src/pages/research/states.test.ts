import { expect, it } from 'vitest'
import type { Step } from './api'
import { chosenOf, isCutOff } from './states'

const search = (problem: string): Step['searches'][number] => ({ problem }) as Step['searches'][number]

it.each([
  ['every search failed', [search('no network'), search('no network')], 0, true],
  ['one was made', [search('no network'), search('')], 0, false],
  ['none was made yet', [], 0, false],
  ['something was noted before', [search('no network')], 2, false],
])('a step is looked into or not: %s', (_, searches, notes, cutOff) => {
  expect(isCutOff({ searches, notes })).toBe(cutOff)
})

it.each([
  ['nothing changes', ['a', 'b'], null],
  ['the old places come first', ['c', 'b', 'a'], ['a', 'b', 'c']],
  ['one is left out', ['b'], ['b']],
])('where a run is to search: %s', (_, wanted, chosen) => {
  expect(chosenOf(['a', 'b'], new Set(wanted))).toEqual(chosen)
})
