import { expect, it } from 'vitest'
import type { FitReport } from '../api/types'
import { takeTurns } from './turns'

const report = (...devices: [string, number][]): FitReport =>
  ({ devices: devices.map(([device, takes]) => ({ device, takes, total: 24 })) }) as unknown as FitReport
const reports: Record<string, FitReport> = {
  big: report(['gpu0', 20], ['host', 2]),
  small: report(['gpu0', 4]),
  other: report(['gpu1', 20]),
  cpu: report(['host', 23]),
}
const reportOf = (id: string): FitReport | null => reports[id] ?? null
const stopped = (...ids: string[]) => ids.map((id) => ({ id, state: 'stopped' as const }))

it('models take turns where one device is too small for them together', () => {
  expect(takeTurns(stopped('big', 'small'), reportOf)).toBe(false)
  expect(takeTurns(stopped('big', 'small', 'small'), reportOf)).toBe(true)
  expect(takeTurns(stopped('big', 'other'), reportOf)).toBe(false)
  expect(takeTurns(stopped('cpu', 'big'), reportOf)).toBe(false)
  expect(takeTurns(stopped('cpu', 'cpu'), reportOf)).toBe(true)
})

it('nothing is said of what is not known, nor of what is in memory already', () => {
  expect(takeTurns(stopped('big'), reportOf)).toBe(false)
  expect(takeTurns(stopped('command', 'unknown'), reportOf)).toBe(false)
  expect(takeTurns([{ id: 'big', state: 'ready' }, { id: 'big', state: 'ready' }], reportOf)).toBe(false)
})
