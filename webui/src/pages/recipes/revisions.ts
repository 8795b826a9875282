// What two revisions of a recipe differ in, field by field. Pure.
import type { Recipe, Revision } from '../../lib/api/types'
import { same } from './draft'

export interface FieldChange {
  /** With a dot where a value lies in another: "env.HF_HOME". */
  field: string
  change: 'added' | 'removed' | 'changed'
  before: unknown
  after: unknown
}

export function changesBetween(before: Recipe, after: Recipe): FieldChange[] {
  const [was, is] = [flat(before), flat(after)]
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .filter((field) => !same(was[field], is[field]))
    .sort()
    .map((field) => ({
      field,
      change: was[field] === undefined ? 'added' : is[field] === undefined ? 'removed' : 'changed',
      before: was[field],
      after: is[field],
    }))
}

function flat(value: Record<string, unknown>, within = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]): [string, unknown][] => {
      const path = within ? `${within}.${name}` : name
      const table = typeof one === 'object' && one !== null && !Array.isArray(one)
      return table ? Object.entries(flat(one as Record<string, unknown>, path)) : [[path, one]]
    }),
  )
}

/** The revision before this one, from a list that is newest first; what was only put away is no other. */
export function before(revisions: readonly Revision[], one: Revision): Revision | null {
  return revisions.find((other) => other.revision < one.revision) ?? null
}

/** A secret's reference says where it is kept; people are told that it is kept. */
export const isSecret = (value: unknown): boolean => typeof value === 'string' && value.startsWith('@secret:')
