import type { Words } from '../words'

export default {
  'timeline.title': 'Verlauf',
  'timeline.text': 'Alles, was geschah, und wer es veranlasst hat.',
  'timeline.filter': 'Ereignisse filtern',
  'timeline.older': 'Ältere laden',
  'timeline.begin': 'Hier beginnt das Protokoll.',
  'timeline.empty': 'Noch ist nichts geschehen',
  'timeline.nothing': 'Kein gezeigtes Ereignis passt.',
  'timeline.today': 'Heute',
  'timeline.all': 'Alle',
  'timeline.kind.switch': 'Wechsel',
  'timeline.kind.engine': 'Engines',
  'timeline.kind.recipe': 'Rezepte',
  'timeline.kind.gateway': 'Gateway',
  'timeline.kind.runtime': 'Laufzeiten',
  'timeline.kind.app': 'App',
  'timeline.stream': 'Strom',
  'timeline.type': 'Art',
  'timeline.because': 'wegen',
} satisfies Words<'timeline'>
