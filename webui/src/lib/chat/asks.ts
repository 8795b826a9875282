// What the chat asks of the studio beside conversations themselves; it comes with the page.
import { get, send } from '../api/client'
import type { ConversationRead, ConversationView, MessageView, PresetView, Room } from '../api/types'
import { asOf } from '../api/as_of'
import type { Setup } from './setup'

const at = encodeURIComponent

export interface RoomWish {
  model: string
  conversation_id: string
  to: string
  system: string
  parameters: Readonly<Record<string, unknown>>
  tools: readonly string[]
  draft: string
}
export type PresetWish = Pick<Setup, 'model' | 'system' | 'parameters' | 'tools'> & { name: string }

const inPast = (): string => (asOf.state ? `&at=${asOf.state.position}` : '')

export const asks = {
  /** Its last messages; all of them where there are not many more. */
  end: (id: string, count: number) =>
    get<ConversationRead>(`/api/conversations/${at(id)}?newest=${count}${inPast()}`),
  /** All but those that `end` gave of the branch to `leaf`. */
  rest: (id: string, count: number, leaf: string) =>
    get<ConversationRead>(`/api/conversations/${at(id)}?newest=${count}&but=${at(leaf)}${inPast()}`),
  say: (id: string, text: string, after: string | null, attachments: readonly string[]) =>
    send<MessageView>('POST', `/api/conversations/${at(id)}/messages`, { text, after, attachments }),
  setUp: (id: string, setup: Setup) =>
    send<ConversationView>('PATCH', `/api/conversations/${at(id)}`, { setup }),
  room: (wish: RoomWish, signal: AbortSignal) => send<Room>('POST', '/api/conversations/room', wish, signal),
  presets: async () => (await get<{ presets: PresetView[] }>(`/api/presets${asOf.state ? `?at=${asOf.state.position}` : ''}`)).presets,
  /** `name`: what it is called now, or is to be called where it is new. */
  savePreset: (name: string, wish: PresetWish) => send<PresetView>('PUT', `/api/presets/${at(name)}`, wish),
  /** For ever: its key is destroyed. */
  removePreset: (name: string) => send('DELETE', `/api/presets/${at(name)}`),
}
