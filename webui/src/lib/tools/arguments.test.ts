import { describe, expect, it } from 'vitest'
import { filled, oneLine, parametersOf, placesOf } from './arguments'

it('arguments stand on one line, strings told from numbers', () => {
  expect(oneLine({ path: 'a b', n: 3, deep: { x: null } })).toBe('path: "a b", n: 3, deep: {"x":null}')
  expect(oneLine({})).toBe('')
})

describe('the parameters of a tool', () => {
  it('come with their types, the required ones first', () => {
    const schema = {
      type: 'object',
      properties: {
        lines: { anyOf: [{ type: 'integer' }, { type: 'null' }], default: null },
        mode: { enum: ['r', 'w'], description: 'how' },
        paths: { type: 'array', items: { type: 'string' } },
        where: { $ref: '#/$defs/Place' },
      },
      required: ['paths'],
    }
    expect(parametersOf(schema).map(({ name, type, required }) => [name, type, required])).toEqual([
      ['paths', 'string[]', true],
      ['lines', 'integer | null', false],
      ['mode', 'enum', false],
      ['where', 'Place', false],
    ])
    expect(parametersOf(schema)[2]).toMatchObject({ values: '"r" · "w"', description: 'how' })
    expect(parametersOf(schema)[1]!.preset).toBe('null')
  })
  it('are none where the schema says nothing, or nonsense', () => {
    expect(parametersOf({})).toEqual([])
    expect(parametersOf({ type: 'object' })).toEqual([])
  })
})

it('a template has places, and is filled so that a value stays one', () => {
  expect(placesOf('db://{table}/{id}')).toEqual(['table', 'id'])
  expect(filled('db://{table}/{id}', { table: 'a/b', id: '7' })).toBe('db://a%2Fb/7')
  expect(filled('file://{+path}', { path: '/a b/c' })).toBe('file:///a%20b/c')
  expect(filled('x://q{?term,n}', { term: 'a', n: '2' })).toBe('x://q?term=a&n=2')
})
