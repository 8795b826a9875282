// Whether the inspector is seen: beside the thread where there is room, as was chosen last; over it
// elsewhere, until it is closed.
const NAME = 'studio.inspector'
const ROOM = '(min-width: 1200px)'

class Inspector {
  /** There is no room beside the thread. */
  over = $state(false)
  private beside = $state(true)
  private opened = $state(false)

  constructor() {
    const room = matchMedia(ROOM)
    this.over = !room.matches
    room.addEventListener('change', () => {
      this.over = !room.matches
      this.opened = false
    })
    try {
      this.beside = localStorage.getItem(NAME) !== 'closed'
    } catch {
      // Storage is off: it is open each time.
    }
  }

  get shown(): boolean {
    return this.over ? this.opened : this.beside
  }

  turn(): void {
    if (this.over) {
      this.opened = !this.opened
      return
    }
    this.beside = !this.beside
    try {
      if (this.beside) localStorage.removeItem(NAME)
      else localStorage.setItem(NAME, 'closed')
    } catch {
      // It lasts as long as the page.
    }
  }
}

export const inspector = new Inspector()
