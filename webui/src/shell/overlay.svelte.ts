// What lies over the page, one at a time: the quick switch, the sheet of keys, the rest of the
// pages, or calls that wait for an answer.

export type Over = 'palette' | 'keys' | 'more' | 'calls'

class Overlay {
  open = $state<Over | null>(null)
  /** What was typed while the quick switch was still on its way. */
  typed = ''

  toggle(which: Over): void {
    this.typed = ''
    this.open = this.open === which ? null : which
  }

  /** A key for what is coming. */
  keep({ key, ctrlKey, metaKey }: KeyboardEvent): void {
    if (ctrlKey || metaKey) return
    if (key.length === 1) this.typed += key
    else if (key === 'Backspace') this.typed = this.typed.slice(0, -1)
    else if (key === 'Escape') this.close()
  }

  close(): void {
    this.open = null
  }
}

export const overlay = new Overlay()
