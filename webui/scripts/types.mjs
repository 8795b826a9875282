// src/lib/api/schema.d.ts from openapi.json, the app's own description of its interface, committed so that
// types need no running app. `npm run types -- http://127.0.0.1:8080` fetches a new description first.
import { readFileSync, writeFileSync } from 'node:fs'
import openapiTS, { astToString } from 'openapi-typescript'

const source = new URL('../openapi.json', import.meta.url)
const target = new URL('../src/lib/api/schema.d.ts', import.meta.url)
const app = process.argv[2]

if (app) {
  const response = await fetch(new URL('/schema/openapi.json', app))
  if (!response.ok) throw new Error(`${app} answered ${response.status}`)
  writeFileSync(source, `${JSON.stringify(sorted(shapesOnly(await response.json())), null, 1)}\n`)
}
const tree = await openapiTS(JSON.parse(readFileSync(source, 'utf8')))
writeFileSync(target, `// Made by \`npm run types\` from openapi.json.\n\n${astToString(tree)}`)

/** The shapes are what we take from it; paths and parameters change more often and are not used. */
function shapesOnly({ openapi, info, components }) {
  return { openapi, info: { title: info.title, version: '0' }, paths: {}, components: { schemas: components.schemas } }
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]))
}
