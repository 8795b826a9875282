import { describe, expect, it } from 'vitest'
import {
  chosen,
  formatOf,
  furtherOf,
  inRange,
  isSame,
  NOTHING,
  PARAMETERS,
  readObject,
  schemaOf,
  valueOf,
  withFurther,
  withServer,
  withTool,
  withValue,
  type Parameter,
} from './setup'

const named = (name: string): Parameter => PARAMETERS.find((one) => one.name === name)!
const amount = (name: string) => named(name) as Extract<Parameter, { least: number }>

describe('parameters', () => {
  it('are set and taken out one by one', () => {
    const set = withValue({ seed: 3 }, named('temperature'), 0.2)
    expect(set).toEqual({ seed: 3, temperature: 0.2 })
    expect(withValue(set, named('temperature'), undefined)).toEqual({ seed: 3 })
  })

  it('keep what a chat template is told beside thinking', () => {
    const set = withValue({ chat_template_kwargs: { tone: 'dry' } }, named('thinking'), false)
    expect(set).toEqual({ chat_template_kwargs: { tone: 'dry', enable_thinking: false } })
    expect(valueOf(set, named('thinking'))).toBe(false)
    expect(furtherOf(set)).toEqual({ chat_template_kwargs: { tone: 'dry' } })
    expect(withValue({ chat_template_kwargs: { enable_thinking: true } }, named('thinking'), undefined)).toEqual({})
  })

  it('that have no place of their own are further ones', () => {
    const parameters = { temperature: 1, logit_bias: { 7: -1 }, chat_template_kwargs: { enable_thinking: true } }
    expect(furtherOf(parameters)).toEqual({ logit_bias: { 7: -1 } })
    expect(withFurther(parameters, { mirostat: 2 })).toEqual({
      temperature: 1,
      mirostat: 2,
      chat_template_kwargs: { enable_thinking: true },
    })
    expect(withFurther(parameters, {})).toEqual({ temperature: 1, chat_template_kwargs: { enable_thinking: true } })
  })

  it('have ranges', () => {
    expect(inRange(amount('temperature'), 0)).toBe(true)
    expect(inRange(amount('temperature'), 2.01)).toBe(false)
    expect(inRange(amount('top_p'), 0)).toBe(false)
    expect(inRange(amount('top_k'), 1.5)).toBe(false)
    expect(inRange(amount('max_tokens'), NaN)).toBe(false)
  })

  it('are read as an object or not at all', () => {
    expect(readObject(' ')).toEqual({})
    expect(readObject('{"a": 1}')).toEqual({ a: 1 })
    expect(readObject('[1]')).toBeNull()
    expect(readObject('{"a"')).toBeNull()
  })

  it('wrap a schema under its own title', () => {
    const schema = { title: 'A bird!', type: 'object' }
    expect(formatOf(schema)).toEqual({ type: 'json_schema', json_schema: { name: 'A_bird_', schema, strict: true } })
    expect(schemaOf(formatOf(schema))).toEqual(schema)
    expect(schemaOf(undefined)).toEqual({})
  })
})

describe('tools', () => {
  it('are chosen as a server or one by one', () => {
    const all = ['read', 'write']
    const one = withTool(['time'], 'files', 'read', true, all)
    expect(one).toEqual(['time', 'files/read'])
    expect(chosen(one, 'files')).toBe(false)
    expect(chosen(one, 'files', 'read')).toBe(true)
    const both = withTool(one, 'files', 'write', true, all)
    expect(both).toEqual(['time', 'files'])
    expect(withTool(both, 'files', 'read', false, all)).toEqual(['time', 'files/write'])
    expect(withServer(one, 'files', true)).toEqual(['time', 'files'])
    expect(withServer(both, 'files', false)).toEqual(['time'])
  })
})

it('two setups are the same however they are written', () => {
  const one = { ...NOTHING, parameters: { a: 1, b: { c: 2, d: 3 } } }
  expect(isSame(one, { ...NOTHING, parameters: { b: { d: 3, c: 2 }, a: 1 } })).toBe(true)
  expect(isSame(one, { ...NOTHING, parameters: { a: 2 } })).toBe(false)
})
