// Was Modelle schreiben, wie es gezeigt wird, auf Deutsch.
import type { Words } from '../words'

export default {
  'render.text': 'Text',
  'render.copy.code': 'Code kopieren',
  'render.wrap': 'Lange Zeilen umbrechen',
  'render.table': 'Tabelle',
  'render.copy.csv': 'Als CSV kopieren',
  'render.copy.markdown': 'Als Markdown kopieren',
  'render.done': 'Erledigt',
  'render.todo': 'Offen',
  'render.details': 'Einzelheiten',
  'render.notes': 'Fußnoten',
  'render.note.back': 'Zurück zur Stelle {n}',
  'render.picture': 'Bild von {host}',
  'render.picture.show': 'zeigen',
  'render.picture.failed': 'das Bild von {host} konnte nicht gezeigt werden',
  'render.picture.large': 'ein Bild, das zum Zeigen zu groß ist',
  'render.diagram': 'Diagramm',
  'render.diagram.source': 'Quelltext zeigen',
  'render.diagram.drawn': 'Diagramm zeigen',
  'render.diagram.failed': 'Das Diagramm konnte nicht gezeichnet werden: {reason}',
  'render.alert.note': 'Hinweis',
  'render.alert.tip': 'Tipp',
  'render.alert.important': 'Wichtig',
  'render.alert.warning': 'Warnung',
  'render.alert.caution': 'Vorsicht',
} satisfies Words<'render'>
