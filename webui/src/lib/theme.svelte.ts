// Light, dark, or as the system says. The choice is an attribute on <html>; public/theme.js sets it before paint.

export type Theme = 'system' | 'light' | 'dark'
const ORDER: readonly Theme[] = ['system', 'light', 'dark']
const NAME = 'studio.theme'

class ThemeChoice {
  chosen = $state<Theme>(read())

  /** The next of system, light, dark. */
  turn(): void {
    this.choose(ORDER[(ORDER.indexOf(this.chosen) + 1) % ORDER.length] ?? 'system')
  }

  choose(theme: Theme): void {
    this.chosen = theme
    const root = document.documentElement
    if (theme === 'system') delete root.dataset['theme']
    else root.dataset['theme'] = theme
    try {
      if (theme === 'system') localStorage.removeItem(NAME)
      else localStorage.setItem(NAME, theme)
    } catch {
      // Storage is off: the choice lasts as long as the page.
    }
  }
}

function read(): Theme {
  const set = document.documentElement.dataset['theme']
  return set === 'light' || set === 'dark' ? set : 'system'
}

export const theme = new ThemeChoice()
