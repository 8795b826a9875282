import { describe, expect, it } from 'vitest'
import type { Revision } from '../../lib/api/types'
import { fileName, formatOf, lineAt } from './files'
import { before, changesBetween, isSecret } from './revisions'

describe('two revisions', () => {
  it('differ field by field, and inside of tables', () => {
    const was = { id: 'a', context_length: 1, env: { A: '1', B: '2' }, pinned: true }
    const is = { id: 'a', context_length: 2, env: { A: '1', C: '3' } }
    expect(changesBetween(was, is)).toEqual([
      { field: 'context_length', change: 'changed', before: 1, after: 2 },
      { field: 'env.B', change: 'removed', before: '2', after: undefined },
      { field: 'env.C', change: 'added', before: undefined, after: '3' },
      { field: 'pinned', change: 'removed', before: true, after: undefined },
    ])
    expect(changesBetween(was, was)).toEqual([])
  })

  it('follow one another by their numbers', () => {
    const list = [{ revision: 3 }, { revision: 3 }, { revision: 2 }] as Revision[]
    expect(before(list, list[0]!)).toBe(list[2])
    expect(before(list, list[2]!)).toBeNull()
  })

  it('tell a kept secret from a text', () => {
    expect([isSecret('@secret:recipe.a.B.1'), isSecret('a'), isSecret(1)]).toEqual([true, false, false])
  })
})

describe('a file of recipes', () => {
  it('is known by its ending, else by how it begins', () => {
    expect(formatOf('a.yml', '')).toBe('yaml')
    expect(formatOf('', '{"recipes": []}')).toBe('json')
    expect(formatOf('', '[{"id": "a"}]')).toBe('json')
    expect(formatOf('', '# so\n[[recipes]]\nid = "a"')).toBe('toml')
    expect(formatOf('', 'id = "a"')).toBe('toml')
    expect(formatOf('config', 'models:\n  a:\n    cmd: x')).toBe('yaml')
    expect(formatOf('', '- id: a')).toBe('yaml')
  })

  it('has a name, and lines to point at', () => {
    expect([fileName('qwen', 'toml'), fileName('', 'json')]).toEqual(['qwen.toml', 'recipes.json'])
    expect(lineAt('a\n  b = 1\n', 2)).toBe('b = 1')
    expect([lineAt('a', 9), lineAt('a', null)]).toEqual(['', ''])
  })
})
