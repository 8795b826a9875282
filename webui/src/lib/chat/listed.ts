// The list of conversations in parts: those that are pinned, those in no folder by when they were used last, and
// then folder by folder. Pure.
import type { ConversationView } from '../api/types'
import { times } from '../intl'

export interface Group {
  key: string
  title: string
  of: readonly ConversationView[]
}

const DAY_MS = 86_400_000
const A_WEEK = 7

/** `list`: the last used first; `now` in milliseconds since the epoch. */
export function groupsOf(list: readonly ConversationView[], now: number, locale: string, pinned: string): Group[] {
  const rest = list.filter((one) => !one.pinned)
  const days = new Map<number, string>()
  const byTime = new Map<string, ConversationView[]>()
  for (const one of rest.filter(({ folder }) => !folder)) {
    const day = startOf(one.last_at / 1000)
    const title = days.get(day) ?? whenOf(day, now, locale)
    days.set(day, title)
    const group = byTime.get(title)
    if (group) group.push(one)
    else byTime.set(title, [one])
  }
  const groups: Group[] = [
    { key: 'pinned', title: pinned, of: list.filter((one) => one.pinned) },
    ...[...byTime].map(([title, of]) => ({ key: `when ${title}`, title, of })),
  ]
  const folders = [...new Set(rest.map(({ folder }) => folder ?? '').filter(Boolean))]
  folders.sort((one, other) => one.localeCompare(other, locale))
  for (const folder of folders) {
    groups.push({ key: `folder ${folder}`, title: folder, of: rest.filter((one) => one.folder === folder) })
  }
  return groups.filter(({ of }) => of.length > 0)
}

/** "Today", "Yesterday", "Monday", "October", "December 2025". */
export function whenOf(then: number, now: number, locale: string): string {
  const days = Math.round((startOf(now) - startOf(then)) / DAY_MS)
  if (days <= 1) return upper(new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-Math.max(0, days), 'day'))
  const thisYear = new Date(then).getFullYear() === new Date(now).getFullYear()
  const form: Intl.DateTimeFormatOptions =
    days < A_WEEK ? { weekday: 'long' } : thisYear ? { month: 'long' } : { month: 'long', year: 'numeric' }
  return upper(times(locale, form).format(then))
}

const startOf = (moment: number): number => new Date(moment).setHours(0, 0, 0, 0)
const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
