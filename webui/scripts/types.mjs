// src/lib/api/schema.d.ts from openapi.json, which is the app's own description of its interface
// (/schema/openapi.json, committed so that the types can be made without a running app).
import { readFileSync, writeFileSync } from 'node:fs'
import openapiTS, { astToString } from 'openapi-typescript'

const source = new URL('../openapi.json', import.meta.url)
const target = new URL('../src/lib/api/schema.d.ts', import.meta.url)
const description = JSON.parse(readFileSync(source, 'utf8'))
const tree = await openapiTS(description)
writeFileSync(target, `// Made by \`npm run types\` from openapi.json.\n\n${astToString(tree)}`)
