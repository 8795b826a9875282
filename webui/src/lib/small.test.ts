// The small pure readings: numbers, places, memory.
import { describe, expect, it } from 'vitest'
import { filtersOf, isPlain, joined, kindOf, queryOf } from '../pages/timeline/days'
import { matches } from '../shell/palette'
import type { EngineView, FactEntry, Gpu } from './api/types'
import { count, duration, figure, gib, millis, modelName, percent, size } from './format'
import { href, placeOf } from './router.svelte'
import { gpuUse } from './store/measures'

describe('numbers for people', () => {
  it('are a dash where nothing was measured', () => {
    expect([count(null, 'en'), figure(undefined, 'en'), percent(null, 'en'), gib(null, 'en'), duration(null, 'en')]).toEqual(
      ['–', '–', '–', '–', '–'],
    )
  })

  it('are in the language of the reader', () => {
    expect([0.4, 57, 1500, null].map((ms) => millis(ms, 'en'))).toEqual(['0.4 ms', '57 ms', '1.5 s', '–'])
    expect([count(1204, 'en'), count(1204, 'de')]).toEqual(['1,204', '1.204'])
  })

  it.each([
    [0, '0 s'],
    [5.2, '5.2 s'],
    [48, '48 s'],
    [90, '1 m 30 s'],
    [8060, '2 h 14 m'],
    [7200, '2 h'],
    [270_000, '3 d 3 h'],
  ])('%d s read %s', (seconds, text) => {
    expect(duration(seconds, 'en')).toBe(text)
  })

  it.each([
    [500 * 1024 ** 2, '500 MiB'],
    [23 * 1024 ** 3, '23.0 GiB'],
    [840 * 1024 ** 3, '840 GiB'],
    [1800 * 1024 ** 3, '1.8 TiB'],
  ])('%d bytes read %s', (bytes, text) => {
    expect(size(bytes, 'en')).toBe(text)
  })

  it('name a model by the end of its path', () => {
    expect([modelName('Qwen/Qwen3-8B'), modelName('/models/x/'), modelName('')]).toEqual(['Qwen3-8B', 'x', ''])
  })
})

describe('places', () => {
  it('survive the way into the address and back', () => {
    for (const place of [
      { page: 'recipes', of: 'qwen2.5 a/b' },
      { page: 'dashboard', of: '' },
      { page: 'logs', of: '' },
    ] as const) {
      expect(placeOf(new URL(href(place.page, place.of), 'http://127.0.0.1:8080'))).toEqual(place)
    }
  })

  it('that nobody knows are the dashboard', () => {
    expect(placeOf(new URL('http://127.0.0.1:8080/nowhere?of=x'))).toEqual({ page: 'dashboard', of: '' })
  })
})

describe('the memory of a GPU', () => {
  const gpu = (processes: Gpu['processes']): Gpu => ({
    index: 0,
    name: 'x',
    uuid: 'u',
    memory_total: 100,
    memory_used: 80,
    utilization: null,
    temperature: null,
    power_w: null,
    links: [],
    slices: [],
    processes,
  })
  const engine = { pid: 7 } as EngineView

  it('is told apart by whose process holds it', () => {
    const use = gpuUse(gpu([{ pid: 7, name: 'python', memory: 50 }, { pid: 8, name: 'Xorg', memory: 5 }]), [engine])
    expect(use).toEqual({ engine: 50, other: 30, free: 20 })
  })

  it('counts workers of a living engine, and nobody’s when there is none', () => {
    const workers = [{ pid: 70, name: 'VLLM::Worker', memory: 60 }]
    expect(gpuUse(gpu(workers), [engine]).engine).toBe(60)
    expect(gpuUse(gpu(workers), []).engine).toBe(0)
  })
})

describe('the timeline', () => {
  const at = (position: number, day: number): FactEntry =>
    ({ position, recorded_at: new Date(2026, 10, day).getTime() * 1000, type: 'x' }) as FactEntry

  it('joins pages without doubles, newest first', () => {
    const all = joined([at(3, 1), at(2, 1)], [at(2, 1), at(1, 1)])
    expect(all.map((entry) => entry.position)).toEqual([3, 2, 1])
  })

  it('knows what a fact is about', () => {
    const types = ['engine-started', 'switch-failed', 'setting-changed', 'message-added', 'model-made']
    expect(types.map(kindOf)).toEqual(['engine', 'switch', 'setting', 'conversation', 'app'])
  })

  it('reads a time or a model from the address, and asks the server for what is set', () => {
    const span = filtersOf('1795000000000000-1795000003600000')
    expect(queryOf(span)).toEqual({ since: '1795000000000000', until: '1795000003600000' })
    expect(queryOf(filtersOf('qwen3-8b'))).toEqual({ model: 'qwen3-8b' })
    expect(isPlain(filtersOf(''))).toBe(true)
    expect(isPlain({ ...filtersOf(''), kind: 'engine' })).toBe(false)
  })
})

describe('the quick switch', () => {
  it('finds by any of the names, in any order of words', () => {
    expect(matches(['Qwen3 32B', 'qwen3-32b'], '32 qwen')).toBe(true)
    expect(matches(['Qwen3 32B'], 'gemma')).toBe(false)
  })
})
