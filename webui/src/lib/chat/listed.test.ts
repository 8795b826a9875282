import { describe, expect, it } from 'vitest'
import type { ConversationView } from '../api/types'
import { groupsOf, whenOf } from './listed'

const at = (year: number, month: number, day: number, hour = 12): number => new Date(year, month - 1, day, hour).getTime()
const NOW = at(2026, 12, 3, 1)

describe('when a conversation was used last', () => {
  it('is a day at first, then a month', () => {
    const names = [at(2026, 12, 3, 0), at(2026, 12, 2, 23), at(2026, 11, 30), at(2026, 11, 25), at(2026, 3, 1), at(2025, 12, 31)]
    expect(names.map((then) => whenOf(then, NOW, 'en'))).toEqual([
      'Today',
      'Yesterday',
      'Monday',
      'November',
      'March',
      'December 2025',
    ])
    expect(names.slice(0, 3).map((then) => whenOf(then, NOW, 'de'))).toEqual(['Heute', 'Gestern', 'Montag'])
    expect(whenOf(names[0]!, NOW, 'zh-CN')).toBe('今天')
  })

  it('is never in the future, whatever a clock says', () => {
    expect(whenOf(at(2026, 12, 9), NOW, 'en')).toBe('Today')
  })
})

describe('the list', () => {
  it('has what is pinned on top, then by time, then by folder', () => {
    const one = (id: string, last: number, more: Partial<ConversationView> = {}): ConversationView =>
      ({ conversation_id: id, last_at: last * 1000, pinned: false, folder: null, ...more }) as ConversationView
    const list = [
      one('new', at(2026, 12, 3, 0)),
      one('kept', at(2026, 12, 2), { pinned: true, folder: 'Work' }),
      one('filed', at(2026, 12, 2), { folder: 'Work' }),
      one('other', at(2026, 12, 2), { folder: 'Home' }),
      one('old', at(2026, 10, 2)),
      one('older', at(2026, 10, 1)),
    ]
    const told = groupsOf(list, NOW, 'en', 'Pinned').map(({ title, of }) => [title, of.map((it) => it.conversation_id)])
    expect(told).toEqual([
      ['Pinned', ['kept']],
      ['Today', ['new']],
      ['October', ['old', 'older']],
      ['Home', ['other']],
      ['Work', ['filed']],
    ])
  })
})
