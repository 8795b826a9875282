// What lies over the page, one at a time: the quick switch, the sheet of keys, the rest of the
// pages, or calls that wait for an answer.

export type Over = 'palette' | 'keys' | 'more' | 'calls'

class Overlay {
  open = $state<Over | null>(null)

  toggle(which: Over): void {
    this.open = this.open === which ? null : which
  }

  close(): void {
    this.open = null
  }
}

export const overlay = new Overlay()
