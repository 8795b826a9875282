// The one worker that colours code, started with the first code block.
import type { Ask, Told } from './highlight.worker'

let worker: Worker | null = null
let keys = 0
const waiting = new Map<number, (told: Told) => void>()

export function newKey(): number {
  keys += 1
  return keys
}

/** Colours what has come; one at a time for each key. */
export function highlight(ask: Ask): Promise<Told> {
  worker ??= begin()
  return new Promise((resolve) => {
    waiting.set(ask.key, resolve)
    worker?.postMessage(ask)
  })
}

function begin(): Worker {
  const started = new Worker(new URL('./highlight.worker.ts', import.meta.url), { type: 'module' })
  started.onmessage = ({ data }: MessageEvent<Told>) => {
    waiting.get(data.key)?.(data)
    waiting.delete(data.key)
  }
  return started
}
