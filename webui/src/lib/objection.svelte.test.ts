import { describe, expect, it } from 'vitest'
import { Refusal } from './api/client'
import { Objection } from './objection.svelte'

const refusal = (more: object): Refusal =>
  new Refusal({ title: 'Refused', status: 400, detail: 'the price is below zero', code: 'offer-invalid', ...more } as Refusal['problem'])

describe('what there is against a form', () => {
  it('is what the studio says, what can be done about it, and the field', () => {
    const objection = new Objection()
    objection.take(refusal({ field: 'models[2].price', next_action: 'leave it empty' }))
    expect([objection.text, objection.field]).toEqual(['the price is below zero leave it empty', 'models[2].price'])
    expect([objection.of('models'), objection.of('price')]).toEqual([true, undefined])
  })

  it('is about no field where the studio names none, or was not reached', () => {
    const objection = new Objection()
    objection.say('taken', 'name')
    expect(objection.of('name')).toBe(true)
    objection.take(new TypeError('Failed to fetch'))
    expect([objection.field, objection.of('name')]).toEqual([null, undefined])
    expect(objection.text).not.toBe('taken')
  })
})
