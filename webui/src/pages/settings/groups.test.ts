import { describe, expect, it } from 'vitest'
import type { SettingInfo } from '../../lib/api/types'
import { differs, GROUPS, grouped, textOf, valueOf } from './groups'

const setting = (more: Partial<SettingInfo>): SettingInfo =>
  ({ key: 'a', type: 'text', optional: false, ...more }) as SettingInfo

describe('the settings page', () => {
  it('shows every setting once, also one that it does not know', () => {
    const all = ['lane', 'new_one', 'host', 'port'].map((key) => setting({ key }))
    const shown = grouped(all).map(({ group, settings }) => [group, settings.map((s) => s.key)])
    expect(shown).toEqual([
      ['access', ['host', 'port']],
      ['gateway', ['lane']],
      ['other', ['new_one']],
    ])
  })

  it('names no setting twice', () => {
    const keys = Object.values(GROUPS).flat()
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('gives the server what was typed, and lets it judge', () => {
    expect(valueOf(setting({ type: 'number' }), ' 0.25 ')).toBe(0.25)
    expect(valueOf(setting({ type: 'whole number' }), 'many')).toBe('many')
    expect(valueOf(setting({ type: 'list of text' }), 'a, b\nc')).toEqual(['a', 'b', 'c'])
    expect(valueOf(setting({ optional: true }), ' ')).toBeNull()
    expect(valueOf(setting({}), '')).toBe('')
    expect(valueOf(setting({ type: 'yes or no' }), 'true')).toBe(true)
  })

  it('tells what somebody set from what was put back', () => {
    const one = setting({ default: 5 })
    expect(differs(one, 5, 'default')).toBe(false)
    expect(differs(one, 5, 'log')).toBe(false)
    expect(differs(one, 6, 'log')).toBe(true)
    expect(differs(one, 5, 'environment')).toBe(true)
  })

  it('shows a value as it would be typed', () => {
    expect([null, 5, ['a', 'b'], false].map(textOf)).toEqual(['', '5', 'a, b', 'false'])
  })
})
