import type { Words } from '../words'

export default {
  'logs.title': 'Protokolle',
  'logs.source': 'Quelle',
  'logs.app': 'App',
  'logs.gateway': 'Gateway',
  'logs.filter': 'Filter, als regulärer Ausdruck',
  'logs.bad.filter': 'Kein regulärer Ausdruck',
  'logs.wrap': 'Umbrechen',
  'logs.live': 'Live',
  'logs.new': '{n} neue',
  'logs.lines': '{n} Zeilen',
  'logs.shown': '{n} von {all} Zeilen',
  'logs.empty': 'Noch wurde nichts geschrieben',
  'logs.empty.text': 'Das Protokoll von {name} erscheint hier, während es geschrieben wird.',
  'logs.missing': 'Es gibt noch kein Protokoll von {name}',
  'logs.missing.text': 'Es beginnt, wenn {name} gestartet wird.',
  'logs.nothing': 'Keine Zeile passt.',
  'logs.label': 'Protokoll von {name}',
  'logs.copy': 'Gezeigte Zeilen kopieren',
} satisfies Words<'logs'>
