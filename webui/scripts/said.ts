// Writes dist/said/<language>.json while the window is built: what the server says in English, as the
// window says it. The tray reads them, so that a sentence is translated in one place.
import type { Plugin } from 'vite'
import deFailures from '../src/lib/i18n/de/failures'
import deRefusals from '../src/lib/i18n/de/refusals'
import deSaid from '../src/lib/i18n/de/said'
import zhFailures from '../src/lib/i18n/zh/failures'
import zhRefusals from '../src/lib/i18n/zh/refusals'
import zhSaid from '../src/lib/i18n/zh/said'

/** In the window's order: what stands in two parts is the last one's. */
const LANGUAGES = {
  de: { ...deSaid, ...deFailures, ...deRefusals },
  zh: { ...zhSaid, ...zhFailures, ...zhRefusals },
}

export function said(): Plugin {
  return {
    name: 'said',
    generateBundle() {
      for (const [language, phrases] of Object.entries(LANGUAGES)) {
        this.emitFile({ type: 'asset', fileName: `said/${language}.json`, source: JSON.stringify(phrases) })
      }
    },
  }
}
