// What lies over the page: the quick switch or the sheet of keys, one at a time.

class Overlay {
  open = $state<'palette' | 'keys' | null>(null)

  toggle(which: 'palette' | 'keys'): void {
    this.open = this.open === which ? null : which
  }

  close(): void {
    this.open = null
  }
}

export const overlay = new Overlay()
