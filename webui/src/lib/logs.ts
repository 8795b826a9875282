// What a log line is about, and which lines match. Pure.

export type Level = 'error' | 'warning' | 'info' | 'debug'

const MARKS: readonly [Level, RegExp][] = [
  ['error', /^\S{0,40}\s?(?:ERROR|CRITICAL|FATAL)\b|^Traceback |^\w*(?:Error|Exception)\b:|\bERROR\b/],
  ['warning', /\bWARN(?:ING)?\b|^\w*Warning:/],
  ['debug', /^\S{0,40}\s?(?:DEBUG|TRACE)\b/],
]

/** A line's level by the words engines use; a continued line belongs to the line before. */
export function levelOf(line: string, before: Level): Level {
  for (const [level, mark] of MARKS) if (mark.test(line)) return level
  const continued = /^\s+\S/.test(line) && before === 'error'
  return continued ? 'error' : 'info'
}

export interface Line {
  number: number
  text: string
  level: Level
}

/** Appends lines, keeping the newest `most`. */
export function append(lines: readonly Line[], texts: readonly string[], most: number): Line[] {
  let before = lines.at(-1)
  const added = texts.map((text): Line => {
    const line = {
      number: (before?.number ?? 0) + 1,
      text,
      level: levelOf(text, before?.level ?? 'info'),
    }
    before = line
    return line
  })
  return [...lines, ...added].slice(-most)
}

/** The pattern as a regular expression without regard to case, or null when it is not one. */
export function pattern(text: string): RegExp | null {
  try {
    return new RegExp(text, 'i')
  } catch {
    return null
  }
}
