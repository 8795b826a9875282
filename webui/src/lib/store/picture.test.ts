import { describe, expect, it } from 'vitest'
import type { FactEntry, Metrics, RuntimeEntry, Status } from '../api/types'
import { series } from './measures'
import { apply, BACKLOG, BLANK, RECENT_FACTS, WINDOW_US, type Incoming, type Picture } from './picture'

const status = (position: number, more: Partial<Status> = {}): Status => ({
  version: '0',
  position,
  endpoint: 'http://127.0.0.1:8080/v1',
  state: 'idle',
  active: null,
  headline: '',
  recipes: [],
  engines: [],
  switch: null,
  gateway: { state: 'ready', port: 4000, pid: null, restarts: 0, error: null },
  waiting: [],
  in_flight: 0,
  alarm: null,
  switches: [],
  notices: [],
  problem: null,
  held_back: null,
  failed: null,
  language: 'auto',
  ...more,
})

const fact = (position: number, type = 'app-started', data: Record<string, unknown> = {}): FactEntry => ({
  position,
  recorded_at: position * 1_000_000,
  type,
  stream: 'app',
  actor: 'system',
  sentence: `fact ${position}`,
  correlation_id: null,
  causation_id: null,
  known: true,
  data,
})

const metrics = (at: number): Metrics => ({
  at,
  hardware: {
    gpus: [],
    gpu_note: '',
    driver: null,
    cpu: { name: '', cores: 1, percent: 0 },
    memory: { total: 1, available: 1 },
    disk: { total: 1, free: 1 },
  },
  engines: { a: { generation_tps: at } },
  gateway: { requests_per_s: 0 },
})

const after = (...incoming: Incoming[]): Picture => incoming.reduce(apply, BLANK)
const positions = (picture: Picture): number[] => picture.facts.map((f) => f.position)

describe('the picture', () => {
  it('takes each fact once, in order, newest first', () => {
    const picture = after(
      { kind: 'snapshot', status: status(0) },
      ...[1, 2, 2, 1, 3].map((n): Incoming => ({ kind: 'fact', fact: fact(n) })),
    )
    expect(positions(picture)).toEqual([3, 2, 1])
    expect(picture.position).toBe(3)
  })

  it('asks for the recent past on the first snapshot, and for no more', () => {
    expect(after({ kind: 'snapshot', status: status(1000) }).position).toBe(1000 - BACKLOG)
    expect(after({ kind: 'snapshot', status: status(3) }).position).toBe(0)
  })

  it('goes on from the last fact after a reconnect', () => {
    const picture = after(
      { kind: 'snapshot', status: status(1) },
      { kind: 'fact', fact: fact(5) },
      { kind: 'snapshot', status: status(9) },
    )
    expect(picture.position).toBe(5)
    expect(picture.status?.position).toBe(9)
  })

  it('forgets everything when the log behind it is another one', () => {
    const picture = after(
      { kind: 'snapshot', status: status(500) },
      { kind: 'fact', fact: fact(501) },
      { kind: 'snapshot', status: status(2) },
    )
    expect(picture.facts).toEqual([])
    expect(picture.position).toBe(0)
  })

  it('is not set back by a status that comes late', () => {
    const picture = after(
      { kind: 'snapshot', status: status(8, { active: 'new' }) },
      { kind: 'status', status: status(7, { active: 'old' }) },
    )
    expect(picture.status?.active).toBe('new')
  })

  it('takes a status of the same position: percentages move without facts', () => {
    const picture = after(
      { kind: 'snapshot', status: status(8) },
      { kind: 'status', status: status(8, { in_flight: 4 }) },
    )
    expect(picture.status?.in_flight).toBe(4)
  })

  it('keeps five minutes of measurements and no double ones', () => {
    const picture = after(
      { kind: 'metrics', metrics: metrics(1) },
      { kind: 'metrics', metrics: metrics(2) },
      { kind: 'metrics', metrics: metrics(2) },
      { kind: 'metrics', metrics: metrics(WINDOW_US + 2) },
    )
    expect(picture.samples.map((s) => s.at)).toEqual([WINDOW_US + 2])
  })

  it('goes on with the charts where another window was, each measurement once', () => {
    const earlier = [1, 2, 3].map((at) => ({ at, engines: { a: { generation_tps: at } }, gateway: { requests_per_s: 0 } }))
    const opened = after({ kind: 'measured', samples: earlier }, { kind: 'metrics', metrics: metrics(4) })
    expect(opened.samples.map((s) => s.at)).toEqual([1, 2, 3, 4])
    const again = apply(opened, { kind: 'measured', samples: [...earlier.slice(1), metrics(4)] })
    expect(again.samples).toEqual(opened.samples)
    const first = after({ kind: 'metrics', metrics: metrics(WINDOW_US + 2) }, { kind: 'measured', samples: earlier })
    expect(first.samples.map((s) => s.at)).toEqual([3, WINDOW_US + 2])
  })

  it('draws no line over a time in which nobody looked', () => {
    const second = 1_000_000
    const picture = after(...[0, 2, 4, 64, 66].map((s): Incoming => ({ kind: 'metrics', metrics: metrics(s * second) })))
    expect(series(picture, 'a', 'generation_tps').map((p) => p.y)).toEqual(
      [0, 2, 4, null, 64, 66].map((s) => s && s * second),
    )
  })

  it('keeps only the newest facts in memory', () => {
    const many = Array.from({ length: RECENT_FACTS + 50 }, (_, i): Incoming => ({ kind: 'fact', fact: fact(i + 1) }))
    expect(after(...many).facts).toHaveLength(RECENT_FACTS)
  })
})

describe('installations', () => {
  const told = (...facts: FactEntry[]): Picture =>
    after(...facts.map((f): Incoming => ({ kind: 'fact', fact: f })))
  const id = { runtime_id: 'vllm-1' }

  it('are followed from the wish to the end', () => {
    const begun = told(
      fact(1, 'runtime-install-requested', id),
      fact(2, 'runtime-install-progressed', { ...id, phase: 'downloading', percent: 40 }),
    )
    expect(begun.installs['vllm-1']).toMatchObject({ state: 'installing', phase: 'downloading', percent: 40 })
    const done = apply(begun, { kind: 'fact', fact: fact(3, 'runtime-installed', id) })
    expect(done.installs['vllm-1']?.state).toBe('installed')
  })

  it('say why they failed', () => {
    const picture = told(fact(1, 'runtime-install-failed', { ...id, reason: 'no room', next_action: 'free some' }))
    expect(picture.installs['vllm-1']).toMatchObject({ state: 'failed', reason: 'no room', next_action: 'free some' })
  })

  it('that began before the page was opened are known too, but facts are newer', () => {
    const row: RuntimeEntry = {
      id: 'vllm-1',
      kind: 'vllm',
      version: '1',
      state: 'installing',
      phase: 'old',
      percent: 1,
      bytes_on_disk: null,
      error: null,
      next_action: '',
    }
    const seeded = after({ kind: 'runtimes', runtimes: [row] })
    expect(seeded.installs['vllm-1']?.phase).toBe('old')
    const later = apply(told(fact(1, 'runtime-installed', id)), { kind: 'runtimes', runtimes: [row] })
    expect(later.installs['vllm-1']?.state).toBe('installed')
  })
})
