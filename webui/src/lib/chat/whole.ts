// A long conversation comes with its end first, which is drawn at once; the rest follows when the window has time.
import { api, Refusal } from '../api/client'
import type { ConversationRead } from '../api/types'
import { asks } from './asks'
import type { Conversation } from './conversation.svelte'
import { Message } from './message.svelte'
import { branchTo } from './tree'

/** So many messages are an end. */
export const NEWEST = 100
/** Made at once, so that no frame is late. */
const SLICE = 250
const PAUSES_MS = [500, 1000, 2000, 4000, 8000]
const SOON_MS = 60

interface Coming {
  leaf: string
  /** The messages of the branch that came with the end, the oldest first. */
  branch: readonly string[]
  done: Promise<void> | null
}

const coming = new WeakMap<Conversation, Coming>()

/** Fetches what the end left out. Throws when the studio can not be reached for long. */
export function bringRest(conversation: Conversation, end: ConversationRead): Promise<void> {
  const leaf = end.chosen ?? ''
  const nodes = end.messages.map(({ message_id, parent_id }) => ({ id: message_id, parentId: parent_id }))
  coming.set(conversation, { leaf, branch: branchTo(nodes, leaf).map(({ id }) => id), done: null })
  return wholeOf(conversation)
}

/** Once all of it is here, which it mostly is. */
export async function wholeOf(conversation: Conversation): Promise<void> {
  const one = coming.get(conversation)
  if (!one || conversation.earlier === 0) return
  one.done ??= rest(conversation, one).finally(() => (one.done = null))
  await one.done
}

async function rest(conversation: Conversation, { leaf, branch }: Coming): Promise<void> {
  await idle()
  const told = await patiently(() => asks.rest(conversation.id, NEWEST, leaf))
  const fits = told.places?.length === branch.length
  const read = fits ? told : await api.conversation(conversation.id)
  const made: Message[] = []
  for (let at = 0; at < read.messages.length; at += SLICE) {
    made.push(...read.messages.slice(at, at + SLICE).map((view) => Message.of(view)))
    await idle()
  }
  if (conversation.earlier > 0) conversation.fill(between(conversation.messages, made, branch, read.places ?? []))
}

/** All messages in the order in which they were added. What is here already stays the object that is drawn. */
export function between<T extends { readonly id: string }>(
  here: readonly T[],
  rest: readonly T[],
  branch: readonly string[],
  places: readonly number[],
): T[] {
  const known = new Map(here.map((one) => [one.id, one]))
  const whole = rest.map((one) => known.get(one.id) ?? one)
  places.forEach((place, n) => {
    const one = known.get(branch[n] ?? '')
    if (one) whole.splice(place, 0, one)
  })
  return whole
}

/** The studio may be starting again; what it refuses is refused. */
async function patiently(read: () => Promise<ConversationRead>): Promise<ConversationRead> {
  for (const pause of PAUSES_MS) {
    try {
      return await read()
    } catch (error) {
      if (error instanceof Refusal) throw error
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
  return read()
}

const idle = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof requestIdleCallback === 'function') requestIdleCallback(() => resolve(), { timeout: SOON_MS * 4 })
    else setTimeout(resolve, SOON_MS)
  })
