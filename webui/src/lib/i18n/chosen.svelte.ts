// Which language is spoken is the studio's setting `language`, so that window, tray and notifications
// agree. The choice is kept here too, for the moment before the studio has answered, and for who may
// not change settings. The last choice counts, wherever it was made.
import { api, Refusal } from '../api/client'
import { past } from '../past/past.svelte'
import { attempt } from '../store/actions'
import { studio } from '../store/studio.svelte'
import { spoken, words, LANGUAGES, type Language } from './index.svelte'

export type Choice = Language | 'auto'
const OWN = 'studio.language'
/** What the setting was when this browser last looked. */
const SEEN = 'studio.language.seen'

class Chosen {
  now = $state<Choice>(known(read(OWN)))

  async choose(choice: Choice): Promise<void> {
    await this.speak(choice)
    if (past.on) return // nothing is changed there; this browser speaks it all the same
    await attempt(async () => {
      try {
        await api.changeSettings({ language: choice })
      } catch (error) {
        // Who may not change settings has chosen for this browser.
        if (!(error instanceof Refusal && [401, 403].includes(error.problem.status))) throw error
      }
    })
  }

  /** The setting as a status tells it. */
  async follow(setting: string): Promise<void> {
    if (setting === (read(SEEN) ?? 'auto')) return
    write(SEEN, setting)
    await this.speak(known(setting))
  }

  private async speak(choice: Choice): Promise<void> {
    this.now = choice
    write(OWN, choice === 'auto' ? null : choice)
    await words.use(choice === 'auto' ? spoken(navigator.languages) : choice)
  }
}

function known(value: string | null): Choice {
  return value !== null && value in LANGUAGES ? (value as Language) : 'auto'
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(name)
  } catch {
    return null
  }
}

function write(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(name)
    else localStorage.setItem(name, value)
  } catch {
    // Storage is off: the choice lasts as long as the page.
  }
}

export const chosen = new Chosen()
words.choose = (language) => chosen.choose(language)
if (words.early) void chosen.choose(words.early)

// Comes with the quick switch, soon after the first paint, and from then on hears every status.
$effect.root(() => {
  $effect(() => {
    const setting = studio.live.status?.language
    if (setting) void chosen.follow(setting)
  })
})
