// Words that are still being written, closed where they are open: "**bo" is already bold, half a link shows its
// words, half a tag shows nothing.

const HALF_LINK = /!?\[([^\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*$/
const HALF_PICTURE = /!\[[^\]\n]*$/
const HALF_TAG = /<(?:\/?[a-z][^<>\n]{0,500}|!-{0,2}|https?:[^<>\s]*)?$/i
const HALF_ADDRESS = /\]\[[^\]\n]*$/

export function heal(text: string): string {
  const { marks, code } = openIn(text)
  if (code) return closedCode(text, code)
  const whole = text
    .replace(HALF_PICTURE, '')
    .replace(HALF_LINK, (all: string, words: string) => (all.startsWith('!') ? '' : words))
    .replace(HALF_ADDRESS, ']')
    .replace(HALF_TAG, '')
    .replace(/\\$/, '')
  return marks.length > 0 ? closedMarks(whole.trimEnd(), marks) : whole
}

function closedMarks(text: string, marks: readonly string[]): string {
  const [inner = '', ...outer] = marks.toReversed()
  // Nothing stands in the innermost yet, or half of its closing mark is there.
  const within = text.endsWith(inner) ? text.slice(0, -inner.length).trimEnd() : text.replace(/[*_~]$/, '') + inner
  return outer.reduce((healed, mark) => (healed.endsWith(mark) && healed.length < text.length ? healed.slice(0, -mark.length) : healed + mark), within)
}

function closedCode(text: string, fence: string): string {
  const bare = text.trimEnd()
  if (bare.endsWith(fence) && bare.lastIndexOf(fence) === bare.length - fence.length) {
    const before = bare.slice(0, -fence.length)
    if (!openIn(before).code) return before
  }
  // A part of the closing mark may be there already.
  return `${bare.replace(/`+$/, '')}${fence}`
}

/** What is open at the end: emphasis from the outside in, or code, in which nothing else counts. */
function openIn(text: string): { marks: string[]; code: string } {
  const marks: string[] = []
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i] ?? ''
    if (character === '\\') {
      i += 1
    } else if (character === '`') {
      const run = runAt(text, i)
      const end = closingRun(text, i + run, run)
      if (end < 0) return { marks, code: '`'.repeat(run) }
      i = end + run - 1
    } else if ('*_~'.includes(character)) {
      i += weigh(text, i, marks) - 1
    }
  }
  return { marks, code: '' }
}

/** Opens or closes by the run of marks here; returns its length. */
function weigh(text: string, from: number, marks: string[]): number {
  const character = text[from] ?? ''
  const run = runAt(text, from)
  const before = text[from - 1] ?? ' '
  const after = text[from + run] ?? ' '
  if (character === '_' && /\w/.test(before) && /\w/.test(after)) return run
  if (character === '~' && run !== 2) return run
  for (let left = run; left > 0; ) {
    const mark = character.repeat(left >= 2 ? 2 : 1)
    const last = marks.lastIndexOf(mark)
    if (last >= 0 && !/\s/.test(before)) marks.splice(last)
    else if (!/\s/.test(after) || from + run === text.length) marks.push(mark)
    left -= mark.length
  }
  return run
}

function runAt(text: string, from: number): number {
  let end = from
  while (text[end] === text[from]) end += 1
  return end - from
}

function closingRun(text: string, from: number, length: number): number {
  for (let i = text.indexOf('`', from); i >= 0; i = text.indexOf('`', i)) {
    const run = runAt(text, i)
    if (run === length) return i
    i += run
  }
  return -1
}
