// The one worker that colours code, started with the first code block.

let worker: Worker | null = null
let next = 0
const waiting = new Map<number, (lines: string[] | null) => void>()

/** HTML per line, or null when the language is unknown. */
export function highlight(lang: string, code: string): Promise<string[] | null> {
  worker ??= begin()
  return new Promise((resolve) => {
    const id = next++
    waiting.set(id, resolve)
    worker?.postMessage({ id, lang, code })
  })
}

function begin(): Worker {
  const started = new Worker(new URL('./highlight.worker.ts', import.meta.url), { type: 'module' })
  started.onmessage = ({ data }: MessageEvent<{ id: number; lines: string[] | null }>) => {
    waiting.get(data.id)?.(data.lines)
    waiting.delete(data.id)
  }
  return started
}
