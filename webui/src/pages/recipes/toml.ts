// A recipe as TOML, only what is set, as it can be imported. Pure.
import type { Recipe } from '../../lib/api/types'

export function toToml(recipe: Recipe): string {
  const lines: string[] = []
  const tables: string[] = []
  for (const [name, value] of Object.entries(recipe)) {
    if (value === null || value === undefined || value === '') continue
    if (typeof value === 'object' && !Array.isArray(value)) {
      tables.push('', `[${name}]`)
      for (const [key, item] of Object.entries(value)) tables.push(`${keyOf(key)} = ${toml(item)}`)
    } else lines.push(`${name} = ${toml(value)}`)
  }
  return [...lines, ...tables].join('\n')
}

const keyOf = (name: string): string => (/^[\w-]+$/.test(name) ? name : JSON.stringify(name))

function toml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toml).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const items = Object.entries(value).map(([key, item]) => `${keyOf(key)} = ${toml(item)}`)
    return `{ ${items.join(', ')} }`
  }
  return JSON.stringify(value)
}
