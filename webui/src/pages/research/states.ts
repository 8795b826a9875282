// States of runs, steps and sources in the marks that the window has, and what can be done in each. Pure.
import type { EngineState } from '../../lib/api/types'
import type { Budget, ResearchView, RunState, Source, Step } from './api'

export const RUN_MARKS: Readonly<Record<RunState, EngineState>> = {
  clarifying: 'left-alone',
  planning: 'loading',
  planned: 'left-alone',
  searching: 'loading',
  reading: 'loading',
  checking: 'loading',
  writing: 'loading',
  paused: 'stopping',
  done: 'ready',
  failed: 'failed',
  stopped: 'stopped',
}

export const SOURCE_MARKS: Readonly<Record<Source['state'], EngineState>> = {
  found: 'stopped',
  reading: 'loading',
  read: 'ready',
  refused: 'left-alone',
  failed: 'failed',
}

const AT_WORK: ReadonlySet<string> = new Set(['planning', 'searching', 'reading', 'checking', 'writing'])
const OVER: ReadonlySet<string> = new Set(['done', 'stopped', 'erased'])

export const isAtWork = (state: string): boolean => AT_WORK.has(state)
export const isOver = (state: string): boolean => OVER.has(state)
export const canResume = (state: string): boolean => state === 'paused' || state === 'failed' || state === 'stopped'
export const canStop = (state: string): boolean => !isOver(state) && state !== 'failed'

/** Whether a step of the plan needs nothing more. */
export const isDone = (state: Step['state']): boolean => state === 'written'
/** Whether all that was to be found out for it was, written or not. */
export const isLookedInto = (state: Step['state']): boolean => state === 'noted' || state === 'writing' || isDone(state)

/** Whether none of its searches could be made: then nothing was looked into. */
export const isCutOff = ({ searches, notes }: Pick<Step, 'searches' | 'notes'>): boolean =>
  notes === 0 && searches.length > 0 && searches.every((one) => Boolean(one.problem))

/** Whether a budget has ended the part in which things are looked up. */
export const readsNoMore = ({ spent }: Pick<ResearchView, 'spent'>): boolean => spent.over.length > 0

/** Where it is to search, the old places first; null where nothing changes. */
export function chosenOf(now: readonly string[], wanted: ReadonlySet<string>): readonly string[] | null {
  const names = [...now.filter((one) => wanted.has(one)), ...[...wanted].filter((one) => !now.includes(one))]
  return names.length === now.length && names.every((one, at) => one === now[at]) ? null : names
}

/** How much of each part of the budget is used, 0 to 1 and beyond. */
export function shares(budget: Budget, spent: Budget): { of: keyof Budget; used: number; limit: number; share: number }[] {
  return (['sources', 'tokens', 'minutes'] as const).map((of) => ({
    of,
    used: spent[of],
    limit: budget[of],
    share: budget[of] > 0 ? spent[of] / budget[of] : spent[of] > 0 ? 1 : 0,
  }))
}

/** The host of an address; of one that is none, all of it. */
export function hostOf(url: string): string {
  try {
    return new URL(url).host || url
  } catch {
    return url
  }
}

/** Whether a browser may be sent there when somebody clicks. */
export const isWeb = (url: string): boolean => /^https?:\/\//i.test(url)

export const unsupported = (view: ResearchView): readonly string[] =>
  view.claims.filter((claim) => claim.supported === false).map((claim) => claim.text)
