// Short messages at the foot of the page, each with at most one action (such as Undo).

export interface Toast {
  id: number
  text: string
  detail: string
  bad: boolean
  action: { label: string; run: () => void } | null
}

const STAYS_MS = 6_000
const BAD_STAYS_MS = 12_000

class Toasts {
  list = $state.raw<readonly Toast[]>([])
  private next = 1

  say(text: string, action: Toast['action'] = null): void {
    this.put({ id: this.next++, text, detail: '', bad: false, action })
  }

  bad(text: string, detail = ''): void {
    this.put({ id: this.next++, text, detail, bad: true, action: null })
  }

  close(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id)
  }

  private put(toast: Toast): void {
    this.list = [...this.list.slice(-2), toast]
    setTimeout(() => this.close(toast.id), toast.bad ? BAD_STAYS_MS : STAYS_MS)
  }
}

export const toasts = new Toasts()
