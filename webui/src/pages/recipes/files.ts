// What a file of recipes is written in, as far as its name or its text tells. Pure.
export const FORMATS = ['toml', 'yaml', 'json'] as const
export type Format = (typeof FORMATS)[number]

const ENDINGS: Readonly<Record<string, Format>> = {
  toml: 'toml',
  yaml: 'yaml',
  yml: 'yaml',
  json: 'json',
  jsonc: 'json',
}

/** By the ending of its name, else by how the text begins. */
export function formatOf(name: string, text: string): Format {
  const ending = name.includes('.') ? name.split('.').at(-1)!.toLowerCase() : ''
  return ENDINGS[ending] ?? formatOfText(text)
}

export function formatOfText(text: string): Format {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line && !line.startsWith('#'))
  const first = lines[0] ?? ''
  if (first.startsWith('{') || (first.startsWith('[') && !/^\[\[?\s*[\w.-]+\s*\]/.test(first))) return 'json'
  if (first.startsWith('[') || /^[\w.-]+\s*=/.test(first)) return 'toml'
  return 'yaml'
}

/** A name for a file of one recipe, or of all of them. */
export function fileName(id: string, format: Format): string {
  return `${id || 'recipes'}.${format}`
}

/** The line around a mistake, to be shown with it. */
export function lineAt(text: string, line: number | null): string {
  return line === null ? '' : (text.split('\n')[line - 1] ?? '').trim().slice(0, 120)
}
