import { expect, test } from 'vitest'
import type { Attachment, AttachmentCost } from '../api/types'
import { lossesOf, measureOf, objectionsTo, weightOf } from './attached'

const file = (more: Partial<Attachment> = {}): Attachment => ({
  id: 'a',
  name: 'notes.txt',
  kind: 'text',
  mime: 'text/plain',
  size: 10,
  tokens: 100,
  ...more,
})
const cost = (more: Partial<AttachmentCost> = {}): AttachmentCost => ({
  model: 'qwen',
  tokens: 90,
  exact: true,
  context: 1000,
  sees: 'no',
  files: [{ id: 'a', tokens: 90, exact: true }],
  ...more,
})

test('what is usual is not said', () => {
  expect(lossesOf(file({ encoding: 'utf-8', frames: 1 }))).toEqual([])
  expect(measureOf(file())).toEqual([])
})

test('what a model does not get is said, each thing by itself', () => {
  const paper = file({ kind: 'pdf', pages: 9, blank_pages: 2, left_out: 3 })
  expect(measureOf(paper)).toEqual([['attach.pages', { n: 9 }]])
  expect(lossesOf(paper).map(([key]) => key)).toEqual(['attach.blank', 'attach.left.out'])
  const shot = file({ kind: 'image', width: 1536, height: 768, scaled_from: [4000, 2000], frames: 3 })
  expect(lossesOf(shot)).toEqual([
    ['attach.scaled', { from: '4000 × 2000', to: '1536 × 768' }],
    ['attach.frames', { n: 3 }],
  ])
  expect(lossesOf(file({ encoding: 'cp1251' }))).toEqual([['attach.encoding', { name: 'cp1251' }]])
})

test('a file that came after the others were weighed counts as it was estimated', () => {
  expect(weightOf(cost(), [file()])).toEqual({ tokens: 90, exact: true })
  expect(weightOf(cost(), [file(), file({ id: 'b', tokens: 7 })])).toEqual({ tokens: 97, exact: false })
  expect(weightOf(cost(), [])).toEqual({ tokens: 0, exact: true })
})

test('what a model can not take is said, and what nobody knows is said to be unknown', () => {
  const picture = file({ kind: 'image' })
  expect(objectionsTo(cost(), [file()], 0)).toEqual([])
  expect(objectionsTo(cost(), [file()], 911)).toEqual(['over'])
  expect(objectionsTo(cost({ context: null }), [file()], 9999)).toEqual([])
  expect(objectionsTo(cost(), [picture], 0)).toEqual(['blind'])
  expect(objectionsTo(cost({ sees: 'unknown' }), [picture], 0)).toEqual(['unknown'])
  expect(objectionsTo(cost({ sees: 'yes' }), [picture], 0)).toEqual([])
})
