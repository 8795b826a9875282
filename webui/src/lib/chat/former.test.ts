import { describe, expect, it } from 'vitest'
import { asFile } from './former'

describe('conversations that an earlier version kept in the browser', () => {
  it('become a file with their messages in order', () => {
    const stored = JSON.stringify([
      {
        id: 'x',
        messages: [
          { role: 'user', text: ' Who are you?\nSay.', state: 'done' },
          { role: 'assistant', text: 'A mod', reasoning: 'hm', model: 'qwen', state: 'stopped' },
        ],
      },
      { id: 'empty', messages: [] },
    ])
    expect(JSON.parse(asFile(stored))).toEqual([
      {
        format: 'vllm-studio-conversation',
        version: 1,
        title: 'Who are you?',
        messages: [
          { role: 'user', text: ' Who are you?\nSay.', parent: null, model: null, said: { reasoning: '' }, outcome: 'whole' },
          { role: 'assistant', text: 'A mod', parent: 0, model: 'qwen', said: { reasoning: 'hm' }, outcome: 'cut' },
        ],
      },
    ])
  })

  it.each([null, '', '[]', '{', '[{"messages": []}]'])('are none in %j', (stored) => {
    expect(asFile(stored)).toBe('')
  })
})
