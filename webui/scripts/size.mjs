// What the first load weighs, compressed: the page, every script and style it names, and the fonts in sight.
import { readFileSync, readdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const LIMIT_KB = 120
const dist = new URL('../dist/', import.meta.url)
const html = readFileSync(new URL('index.html', dist), 'utf8')
const named = [...html.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map((match) => match[1])
const fonts = readdirSync(new URL('assets/', dist))
  .filter((name) => /^geist(-mono)?-latin-wght.*\.woff2$/.test(name))
  .map((name) => `assets/${name}`)

let total = 0
for (const name of ['index.html', ...new Set(named), ...fonts]) {
  const bytes = readFileSync(new URL(name, dist))
  const weight = name.endsWith('.woff2') ? bytes.length : gzipSync(bytes, { level: 9 }).length
  total += weight
  console.log(`${(weight / 1024).toFixed(1).padStart(7)} KB  ${name}`)
}
console.log(`${(total / 1024).toFixed(1).padStart(7)} KB  first load (limit ${LIMIT_KB})`)
if (total / 1024 > LIMIT_KB) process.exit(1)
