import { expect, it } from 'vitest'
import { composes } from './composing'

it('a key belongs to the input method while it composes, and in WebKit the one that ends it', () => {
  expect(composes({ isComposing: true, keyCode: 13 })).toBe(true)
  expect(composes({ isComposing: false, keyCode: 229 })).toBe(true)
  expect(composes({ isComposing: false, keyCode: 13 })).toBe(false)
})
