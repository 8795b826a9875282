import { describe, expect, it } from 'vitest'
import type { EngineView, FitDevice, FitReport, FitSegment, RecipeView, Status, SwitchView } from './api/types'
import { barOf, bytesOf, changesBy, devicesOf, partsOn, patched, split, tightest } from './fit'
import dashboard from './i18n/en/dashboard'
import type { Key } from './i18n/words'
import { actionsOf, asSentence, changesOf, rounded, timeLeft } from './lifecycle'

const recipe = (more: Partial<RecipeView>): RecipeView =>
  ({ id: 'a', state: 'stopped', changed: false, can_sleep: false, ...more }) as RecipeView
const status = (more: Partial<Status> = {}): Status =>
  ({ active: null, switch: null, switches: [], ...more }) as Status
const change = (target: string, since: number): SwitchView => ({ target, since, switch_id: target }) as SwitchView
const say = (key: Key, values?: Record<string, string | number>): string =>
  (dashboard as Record<string, string>)[key]!.replace('{time}', String(values?.['time'] ?? ''))

describe('what can be done with a model', () => {
  it('is what its state allows, the likeliest first', () => {
    const of = (more: Partial<RecipeView>): string => actionsOf(recipe(more), status({ active: 'a' })).join(' ')
    expect(of({})).toBe('switch load')
    expect(of({ state: 'failed' })).toBe('switch load')
    expect(of({ state: 'ready' })).toBe('evict')
    expect(of({ state: 'ready', can_sleep: true })).toBe('sleep evict')
    expect(of({ state: 'ready', changed: true })).toBe('restart evict')
    expect(of({ state: 'ready', id: 'b' })).toBe('switch evict')
    expect(of({ state: 'asleep' })).toBe('wake evict')
    expect(of({ state: 'loading' })).toBe('cancel')
    expect(of({ state: 'left-alone' })).toBe('switch evict')
    expect(of({ state: 'stopping' })).toBe('')
  })

  it('of one that a change is already about, is to give that up', () => {
    expect(actionsOf(recipe({}), status({ switches: [change('a', 1)] }))).toEqual(['cancel'])
  })
})

describe('changes under way', () => {
  it('come in the order they began', () => {
    const all = changesOf(status({ switches: [change('b', 2), change('a', 1)] }))
    expect(all.map((one) => one.target)).toEqual(['a', 'b'])
  })
})

describe('the time that is left', () => {
  const left = (eta_s: number | null, late = false): string => timeLeft({ eta_s, late }, say, 'en')

  it('is as exact as a guess can be', () => {
    expect([7.4, 31, 89, 150].map(rounded)).toEqual([7, 30, 90, 180])
    expect(left(31)).toBe('~30 s left')
  })

  it('is never nothing, and never a number that pretends', () => {
    expect(left(0.3)).toBe('almost there')
    expect(left(4, true)).toBe('taking longer')
    expect(left(null)).toBe('')
  })
})

describe('a reason', () => {
  it('becomes a sentence, but an id or a flag keeps its spelling', () => {
    expect(asSentence('others run first')).toBe('Others run first.')
    expect(asSentence('qwen3-32b has to go')).toBe('qwen3-32b has to go.')
    expect(asSentence('--foo is no flag')).toBe('--foo is no flag.')
    expect(asSentence('')).toBe('')
  })
})

const segment = (kind: FitSegment['kind'], bytes: number, least = bytes): FitSegment => ({ kind, bytes, least })
const device = (id: string, more: Partial<FitDevice>): FitDevice => ({
  device: id,
  label: id,
  name: '',
  total: 100,
  held: 5,
  takes: 90,
  needs: 50,
  allowed: 92,
  segments: [segment('weights', 40), segment('kv_cache', 45, 8), segment('graphs', 5, 2)],
  ...more,
})
const report = (verdict: FitReport['verdict'], ...devices: FitDevice[]): FitReport =>
  ({ verdict, devices }) as FitReport

describe('an estimate', () => {
  it('is drawn within the device, with what others hold', () => {
    const bar = barOf(device('GPU-0', {}), report('fits'))
    expect(bar).toMatchObject({ scale: 100, limit: null, held: 5 })
    expect(bar.bytes).toEqual({ weights: 40, kv: 45, graphs: 5, overhead: 0 })
  })

  it('that is too large is drawn with the least it needs, and where the room ends', () => {
    const large = device('GPU-0', {
      needs: 150,
      segments: [segment('weights', 120), segment('kv_cache', 0, 80)],
    })
    const bar = barOf(large, report('will-not-fit', large))
    expect(bar.bytes.kv).toBe(80)
    expect(bar.scale).toBe(200)
    expect(bar.limit).toBe(0.46)
  })

  it('shows main memory only where it matters', () => {
    const gpu = device('GPU-0', {})
    const fine = device('host', { needs: 1, allowed: 100 })
    const short = device('host', { needs: 120, allowed: 100 })
    expect(devicesOf(report('fits', gpu, fine))).toEqual([gpu])
    expect(devicesOf(report('will-not-fit', gpu, short))).toEqual([gpu, short])
    expect(devicesOf(report('fits', fine))).toEqual([fine])
    expect(tightest(report('will-not-fit', gpu, short))).toBe(short)
    expect(tightest(report('unknown'))).toBeNull()
  })

  it('joins kinds that are one to a person', () => {
    const parts = bytesOf([segment('activations', 1), segment('graphs', 2), segment('offload', 3), segment('swap', 4)])
    expect(parts).toEqual({ weights: 0, kv: 0, graphs: 3, overhead: 7 })
  })
})

describe('measured memory', () => {
  it('is split as estimated, and the cache takes what is over', () => {
    const segments = device('x', {}).segments
    expect(split(80, segments)).toEqual({ weights: 40, graphs: 5, overhead: 0, kv: 35 })
    expect(split(30, segments)).toEqual({ weights: 30, graphs: 0, overhead: 0, kv: 0 })
  })

  it('belongs to the engine on that GPU, wherever the estimate thought it would be', () => {
    const engine = { recipe_id: 'a', state: 'ready', devices: ['GPU-1'] } as EngineView
    const known = report('fits', device('GPU-0', {}), device('host', {}))
    expect(partsOn('GPU-1', [engine], () => known)).toHaveLength(3)
    expect(partsOn('GPU-0', [engine], () => known)).toEqual([])
    expect(partsOn('GPU-0', [{ ...engine, state: 'loading', devices: [] }], () => known)).toEqual([])
  })
})

describe('a remedy', () => {
  const before = { id: 'a', context_length: 40960, quantization: 'awq' }

  it('sets fields, and clears those it sets to nothing', () => {
    expect(patched(before, { context_length: 24576, quantization: null })).toEqual({ id: 'a', context_length: 24576 })
    expect(before.context_length).toBe(40960)
  })

  it('is shown as what will change, and nothing else', () => {
    expect(changesBy(before, { context_length: 24576, quantization: 'awq', dtype: 'half' })).toEqual([
      { field: 'context_length', before: 40960, after: 24576 },
      { field: 'dtype', before: null, after: 'half' },
    ])
  })
})
