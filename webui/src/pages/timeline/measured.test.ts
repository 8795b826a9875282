import { expect, it } from 'vitest'
import type { Hardware } from '../../lib/api/types'
import { heldIn } from './measured'

const HERE = {
  gpus: [{ uuid: 'GPU-1', index: 0, name: 'H200', memory_total: 100 }],
  memory: { total: 64 },
} as unknown as Hardware

it('what was held stands against what there is, and a GPU that is gone keeps its figure', () => {
  const data = { gpus: { 'GPU-1': 40, 'GPU-gone': 7 }, host: 8 }
  expect(heldIn(data, HERE)).toEqual([
    { name: 'GPU 0 · H200', bytes: 40, total: 100 },
    { name: 'GPU-gone', bytes: 7, total: null },
    { name: '', bytes: 8, total: 64 },
  ])
  expect(heldIn({ gpus: {}, host: 0 }, HERE)).toEqual([])
  expect(heldIn(data, null).map((one) => one.total)).toEqual([null, null, null])
})
