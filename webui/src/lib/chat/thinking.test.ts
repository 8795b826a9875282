import { describe, expect, it } from 'vitest'
import { ThinkSplitter } from './thinking'

function split(text: string, size: number): { reasoning: string; text: string } {
  const splitter = new ThinkSplitter()
  const parts = []
  for (let i = 0; i < text.length; i += size) parts.push(splitter.push(text.slice(i, i + size)))
  parts.push(splitter.finish())
  return {
    reasoning: parts.map((p) => p.reasoning).join(''),
    text: parts.map((p) => p.text).join(''),
  }
}

describe('thinking aloud between tags', () => {
  it.each([1, 2, 3, 5, 100])('is told apart from the answer in pieces of %i', (size) => {
    expect(split('<think>\nlet me see</think>\n\nYes.', size)).toEqual({
      reasoning: 'let me see',
      text: 'Yes.',
    })
  })

  it.each([1, 4, 100])('leaves answers without it as they are (pieces of %i)', (size) => {
    for (const text of ['Hello.', '<b>bold</b>', '<thin', 'a <think> later </think>']) {
      expect(split(text, size)).toEqual({ reasoning: '', text })
    }
  })

  it('that never ends is reasoning to the end', () => {
    expect(split('<think>on and on </th', 2)).toEqual({ reasoning: 'on and on </th', text: '' })
  })
})
