import { describe, expect, it } from 'vitest'
import { conversationOf, withTitle, type Known } from './titles'

const WORDS = { quoted: (title: string) => `“${title}”`, erased: '(erased)' }
const KNOWN: Known = new Map([
  ['01a1', { standing: 'open', title: 'Costs $& more' }],
  ['01b2', { standing: 'erased', title: null }],
  ['01c3', { standing: 'open', title: null }],
])
const told = (id: string): string => withTitle(`The conversation ${id} was started.`, id, KNOWN, WORDS)

describe('conversations in sentences', () => {
  it('stand by their title, whatever is in it', () => {
    expect(told('01a1')).toBe('The conversation “Costs $& more” was started.')
  })

  it('say that they are erased', () => {
    expect(told('01b2')).toBe('The conversation (erased) was started.')
  })

  it('keep their id without a title, or while nothing is known of them', () => {
    expect(told('01c3')).toBe('The conversation 01c3 was started.')
    expect(told('01d4')).toBe('The conversation 01d4 was started.')
    expect(withTitle('vLLM Studio started.', '', KNOWN, WORDS)).toBe('vLLM Studio started.')
  })

  it('are found in the data of a fact', () => {
    expect(conversationOf({ data: { conversation_id: 'a' } })).toBe('a')
    expect(conversationOf({ data: { conversation_id: '' } })).toBe('')
    expect(conversationOf({ data: {} })).toBe('')
  })
})
