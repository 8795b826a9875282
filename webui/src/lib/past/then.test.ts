import { describe, expect, it } from 'vitest'
import type { SettingsView, StateAt, Status } from '../api/types'
import { BLANK } from '../store/picture'
import { keysThen, pictureThen, recipesThen, settingsThen, statusThen } from './then'

const run = (more: object): StateAt['engines'][number] =>
  ({ engine_id: 'e', recipe_id: 'a', state: 'ready', since: 5, port: 8000, revision: 1, percent: 40, phase: 'x', ...more }) as StateAt['engines'][number]
const saved = (id: string, revision = 1): StateAt['recipes'][number] =>
  ({ recipe_id: id, revision, archived: false, recipe: { id, model: `m/${id}`, aliases: ['z'] } }) as unknown as StateAt['recipes'][number]
const then = (more: Partial<StateAt> = {}): StateAt =>
  ({
    position: 7, head: 9, recorded_at: 1, services: {}, recipes: [saved('a'), saved('b')], archived: [],
    engines: [], ended: [], ready: [], changes: [], failed_starts: [], load_s: { a: 12 }, settings: {},
    keys: [], virtual_models: [], providers: [], runtimes: [], unknown: [], usage: null, ...more,
  }) as StateAt
const NOW = {
  version: '2', position: 9, endpoint: 'http://x/v1', gateway: { state: 'ready', port: 4000 }, in_flight: 3,
  waiting: [{}], alarm: 'the disk is full', recipes: [], engines: [],
} as unknown as Status

describe('the studio of a moment', () => {
  it('has the recipes of then, in the state that their engines had', () => {
    const state = then({ engines: [run({})], ended: [run({ engine_id: 'f', recipe_id: 'b', state: 'crashed', error: 'no memory' })] })
    const status = statusThen(state, NOW)
    expect(status.recipes.map(({ id, state, error }) => [id, state, error])).toEqual([
      ['a', 'ready', null],
      ['b', 'failed', 'no memory'],
    ])
    expect([status.active, status.state, status.position]).toEqual(['a', 'ready', 7])
    expect(status.recipes[0]).toMatchObject({ public_name: 'a', last_load_s: 12, percent: null, aliases: ['z'] })
  })

  it('shows how far a load was, and a recipe that was changed since', () => {
    const state = then({ recipes: [saved('a', 3)], engines: [run({ state: 'loading' })] })
    expect(statusThen(state, NOW).recipes[0]).toMatchObject({ state: 'loading', percent: 40, phase: 'x', changed: true })
  })

  it('shows nothing that is only measured, and no alarm of now', () => {
    const status = statusThen(then({ services: { gateway: { state: 'crashed', reason: 'killed' } } } as never), NOW)
    expect(status).toMatchObject({ in_flight: 0, waiting: [], alarm: null, gateway: { state: 'down', error: 'killed' } })
    expect(pictureThen(then(), { ...BLANK, status: NOW, samples: [{}] as never }).samples).toEqual([])
  })

  it('knows no fact that came later', () => {
    const facts = [{ position: 8 }, { position: 7 }] as never
    expect(pictureThen(then(), { ...BLANK, status: NOW, facts }).facts).toEqual([{ position: 7 }])
  })

  it('has the keys, settings and archived recipes of then', () => {
    const state = then({ archived: [saved('old')], settings: { lane: 'direct' }, keys: [{ key_id: 'k', state: 'in-force' }] as never })
    expect(recipesThen(state).map((one) => one.recipe.id)).toEqual(['a', 'b', 'old'])
    expect(keysThen(state).keys[0]).toMatchObject({ key_id: 'k', state: 'in force', used: null })
    const now = {
      settings: { lane: 'gateway', max_resident: 2, port: 80 },
      from: { lane: 'default', max_resident: 'log', port: 'environment' },
      described: ['lane', 'max_resident', 'port'].map((key) => ({ key, default: 0 })),
      takes_effect_after_restart: ['x'],
    } as unknown as SettingsView
    expect(settingsThen(state, now)).toMatchObject({
      settings: { lane: 'direct', max_resident: 0, port: 80 },
      from: { lane: 'log', max_resident: 'default', port: 'environment' },
    })
  })
})
