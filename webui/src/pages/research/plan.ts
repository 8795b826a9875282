// A plan as it is edited: rows with keys of their own, so that a moved row keeps its cursor. Pure.
import type { Step } from './api'

export interface Row {
  key: number
  step_id: string
  question: string
}

export function rowsOf(plan: readonly Step[]): Row[] {
  return plan.map(({ step_id, question }, key) => ({ key, step_id, question }))
}

/** What is sent: rows without words are left out. */
export function stepsOf(rows: readonly Row[]): { step_id?: string; question: string }[] {
  return rows
    .filter((row) => row.question.trim())
    .map(({ step_id, question }) => (step_id ? { step_id, question: question.trim() } : { question: question.trim() }))
}

export function differs(rows: readonly Row[], plan: readonly Step[]): boolean {
  return JSON.stringify(stepsOf(rows)) !== JSON.stringify(stepsOf(rowsOf(plan)))
}

export function moved(rows: readonly Row[], at: number, by: -1 | 1): Row[] {
  const to = at + by
  if (to < 0 || to >= rows.length) return [...rows]
  const next = [...rows]
  ;[next[at], next[to]] = [next[to]!, next[at]!]
  return next
}

/** With an empty row after another; -1: at the beginning. */
export function withRowAfter(rows: readonly Row[], at: number): Row[] {
  const key = Math.max(-1, ...rows.map((row) => row.key)) + 1
  return [...rows.slice(0, at + 1), { key, step_id: '', question: '' }, ...rows.slice(at + 1)]
}
