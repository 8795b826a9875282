// Arguments of calls and parameters of tools, as people read them. Pure.

const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu

/** With what is invisible, or turns the direction of what follows, written out: "\u{202e}". */
export const seen = (text: string): string =>
  text.replace(UNSEEN, (one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`)

/** On one line, as short as it goes. */
export function oneLine(args: Record<string, unknown>): string {
  return seen(
    Object.entries(args)
      .map(([name, value]) => `${name}: ${JSON.stringify(value) ?? 'null'}`)
      .join(', '),
  )
}

/** All of it, to be read before somebody agrees. */
export const spelledOut = (args: Record<string, unknown>): string => seen(JSON.stringify(args, null, 2))

export interface Parameter {
  name: string
  type: string
  required: boolean
  description: string
  /** The only values there are, or what it is when nothing is said. */
  values: string
  preset: string
}

interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  description?: string
  default?: unknown
  $ref?: string
  format?: string
}

/** The parameters of a tool, the required ones first, from its JSON Schema. */
export function parametersOf(schema: Record<string, unknown>): Parameter[] {
  const { properties = {}, required = [] } = schema as Schema
  const all = Object.entries(properties).map(([name, one]): Parameter => ({
    name,
    type: typeOf(one),
    required: required.includes(name),
    description: one.description ?? '',
    values: (one.enum ?? []).map((value) => JSON.stringify(value)).join(' · '),
    preset: one.default === undefined ? '' : JSON.stringify(one.default),
  }))
  return [...all.filter((one) => one.required), ...all.filter((one) => !one.required)]
}

function typeOf(schema: Schema): string {
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return [...new Set(choices.map(typeOf))].join(' | ')
  if (schema.$ref) return schema.$ref.split('/').at(-1) ?? ''
  if (schema.type === 'array') return schema.items ? `${typeOf(schema.items)}[]` : 'array'
  if (Array.isArray(schema.type)) return schema.type.join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  return schema.type ?? (schema.enum ? 'enum' : 'any')
}

/** The places of a template: "file:///{path}" → ["path"]. */
export function placesOf(uri: string): string[] {
  return [...uri.matchAll(/\{[+#./;?&]?([\w,*]+)\}/g)].flatMap((match) =>
    match[1]!.split(',').map((name) => name.replace('*', '')),
  )
}

/** A template with its places filled. */
export function filled(uri: string, values: Record<string, string>): string {
  return uri.replace(/\{([+#./;?&]?)([\w,*]+)\}/g, (_, sign: string, names: string) => {
    const said = names.split(',').map((name) => name.replace('*', ''))
    const text = said.map((name) => (sign === '+' ? encodeURI : encodeURIComponent)(values[name] ?? ''))
    if (sign === '?' || sign === '&') return sign + said.map((name, i) => `${name}=${text[i]}`).join('&')
    return (sign === '+' ? '' : sign) + text.join(',')
  })
}
