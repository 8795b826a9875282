// Lighthouse over addresses: `node audit.mjs RUNS URL…`. One line of JSON each: the address, its median scores,
// and what cost them. The browser is the one in CHROME_PATH.
import { launch } from 'chrome-launcher'
import lighthouse, { desktopConfig } from 'lighthouse'

const [runs, ...addresses] = process.argv.slice(2)
const FLAGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run']
const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]

const FRESH = { chromeFlags: FLAGS, logLevel: 'silent' }
// A page that follows the log is never silent, so it is said how long to wait.
const OPTIONS = { logLevel: 'silent', maxWaitForLoad: 12_000, onlyCategories: ['performance', 'accessibility'] }

// On a busy machine a trace may come without its beginning: it is taken again.
async function audited(address, tries = 4) {
  const chrome = await launch(FRESH)
  try {
    const { lhr } = await lighthouse(address, { ...OPTIONS, port: chrome.port }, desktopConfig)
    if (lhr.runtimeError?.code !== 'NO_NAVSTART' || tries === 1) return lhr
  } finally {
    await chrome.kill()
  }
  return audited(address, tries - 1)
}

for (const address of addresses) {
  const reports = []
  for (let run = 0; run < Number(runs); run += 1) reports.push(await audited(address))
  const failed = reports.map((report) => report.runtimeError?.message).find(Boolean)
  if (failed) throw new Error(`${new URL(address).pathname}: ${failed}`)
  const scores = (category) => reports.map((report) => report.categories[category].score)
  const figures = (audit) => median(reports.map((report) => report.audits[audit].numericValue))
  const last = reports.at(-1)
  console.log(
    JSON.stringify({
      address,
      performance: median(scores('performance')),
      accessibility: Math.min(...scores('accessibility')),
      paint: figures('largest-contentful-paint'),
      blocked: figures('total-blocking-time'),
      shift: figures('cumulative-layout-shift'),
      failed: last.categories.accessibility.auditRefs
        .filter(({ id, weight }) => weight > 0 && last.audits[id].score !== null && last.audits[id].score < 1)
        .map(({ id }) => id),
    }),
  )
}
