// What is being written outlasts its window: the studio keeps it in its memory until it is sent.
import { get, request } from '../api/client'
import { asOf } from '../api/as_of'

const SOON_MS = 400
const PATH = '/api/conversations/unsent'

type Tell = (conversation: string, text: string, leaving: boolean) => Promise<unknown>

const put: Tell = (conversation_id, text, leaving) =>
  request(PATH, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ conversation_id, text }),
    keepalive: leaving, // it arrives although the page is gone
  })

export class Unsent {
  /** By conversation; a new one has no id yet. */
  private texts = new Map<string, string>()
  private untold = new Set<string>()
  private timer: ReturnType<typeof setTimeout> | undefined
  private read: Promise<void> | null = null

  constructor(
    private readonly ask = async () => (await get<{ unsent: Record<string, string> }>(PATH)).unsent,
    private readonly tell: Tell = put,
  ) {}

  /** What an earlier window left; once. What is written here meanwhile is newer. */
  load(): Promise<void> {
    this.read ??= this.ask().then(
      (found) => {
        for (const [id, text] of Object.entries(found)) if (!this.texts.has(id)) this.texts.set(id, text)
      },
      () => {
        this.read = null // nobody answers, or it is not ours to read
      },
    )
    return this.read
  }

  of(conversation: string): string {
    return this.texts.get(conversation) ?? ''
  }

  keep(conversation: string, text: string): void {
    if (text === this.of(conversation)) return
    this.texts.set(conversation, text)
    this.untold.add(conversation)
    this.timer ??= setTimeout(() => this.flush(), SOON_MS)
  }

  /** Now: the window may be about to close. */
  flush(leaving = false): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const untold = [...this.untold]
    this.untold.clear()
    if (asOf.barred) return
    for (const id of untold) void this.tell(id, this.of(id), leaving).catch(() => undefined)
  }
}

export const unsent = new Unsent()
