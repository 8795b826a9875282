// Short messages at the foot of the page, each with at most one action (such as Undo). They stay for
// as long as somebody points at them or has the keyboard in them.

export interface Toast {
  id: number
  text: string
  detail: string
  bad: boolean
  action: { label: string; run: () => void } | null
}

const STAYS_MS = 6_000
const LONGER_MS = 12_000 // there is something to read, or to decide

class Toasts {
  list = $state.raw<readonly Toast[]>([])
  private next = 1
  private timers = new Map<number, ReturnType<typeof setTimeout>>()

  /** Returns its number, by which it can be closed. */
  say(text: string, action: Toast['action'] = null): number {
    return this.put({ id: this.next++, text, detail: '', bad: false, action })
  }

  /** The same once more stands there once. */
  bad(text: string, detail = ''): number {
    const same = this.list.find((toast) => toast.bad && toast.text === text)
    if (same) this.close(same.id)
    return this.put({ id: this.next++, text, detail, bad: true, action: null })
  }

  close(id: number): void {
    clearTimeout(this.timers.get(id))
    this.timers.delete(id)
    this.list = this.list.filter((toast) => toast.id !== id)
  }

  /** Runs the action of the newest toast that has one; false: there is none. */
  act(toast = this.list.findLast(({ action }) => action !== null)): boolean {
    if (!toast?.action) return false
    this.close(toast.id)
    toast.action.run()
    return true
  }

  hold(): void {
    this.timers.forEach((timer) => clearTimeout(timer))
    this.timers.clear()
  }

  letGo(): void {
    this.list.forEach((toast) => this.time(toast))
  }

  private put(toast: Toast): number {
    const list = [...this.list, toast]
    list.slice(0, -3).forEach(({ id }) => this.close(id))
    this.list = list.slice(-3)
    this.time(toast)
    return toast.id
  }

  private time(toast: Toast): void {
    clearTimeout(this.timers.get(toast.id))
    const stays = toast.bad || toast.action ? LONGER_MS : STAYS_MS
    this.timers.set(toast.id, setTimeout(() => this.close(toast.id), stays))
  }
}

export const toasts = new Toasts()
