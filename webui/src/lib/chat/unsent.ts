// What is being written outlasts its window: the studio keeps it in its memory until it is sent.
// A studio that does not answer is told again; what is too late for a window that closes is gone with it.
import { get, Refusal, request } from '../api/client'

const SOON_MS = 400
const AGAIN_MS = 3000
const MOST_LEAVING = 60_000 // bytes; browsers send no more for a page that is gone
const PATH = '/api/conversations/unsent'

type Tell = (conversation: string, text: string, leaving: boolean) => Promise<unknown>

const put: Tell = (conversation_id, text, leaving) => {
  const body = new TextEncoder().encode(JSON.stringify({ conversation_id, text }))
  return request(PATH, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body,
    keepalive: leaving && body.length < MOST_LEAVING, // it arrives although the page is gone
  })
}

export class Unsent {
  /** By conversation; a new one has no id yet. */
  private texts = new Map<string, string>()
  private untold = new Set<string>()
  /** Under way: of one text two requests could arrive in the wrong order. */
  private telling = new Set<string>()
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
    this.soon(SOON_MS)
  }

  /** Now: the window may be about to close. Also while the past is shown: it was written before that. */
  flush(leaving = false): void {
    clearTimeout(this.timer)
    this.timer = undefined
    for (const id of this.untold) {
      if (leaving || !this.telling.has(id)) void this.say(id, leaving)
    }
  }

  private async say(id: string, leaving: boolean): Promise<void> {
    this.untold.delete(id)
    this.telling.add(id)
    try {
      await this.tell(id, this.of(id), leaving)
      this.telling.delete(id)
      if (this.untold.has(id)) this.soon(SOON_MS)
    } catch (error) {
      this.telling.delete(id)
      const refused = error instanceof Refusal && error.problem.status < 500 // it would be again
      if (!refused) this.untold.add(id)
      if (this.untold.has(id)) this.soon(AGAIN_MS)
    }
  }

  private soon(ms: number): void {
    this.timer ??= setTimeout(() => this.flush(), ms)
  }
}

export const unsent = new Unsent()
