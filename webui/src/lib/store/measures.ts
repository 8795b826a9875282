// What the measurements say, for one engine or all. Pure readings of the picture.
import type { EngineMetrics, EngineView, Gpu } from '../api/types'
import { WINDOW_US, type Picture } from './picture'

type Name = keyof EngineMetrics

/** The newest value an engine reported, or null: nothing is made up. */
export function latest(picture: Picture, recipeId: string | null, name: Name): number | null {
  if (recipeId === null) return null
  return picture.samples.at(-1)?.engines[recipeId]?.[name] ?? null
}

export function generation(picture: Picture, recipeId: string | null): number | null {
  return latest(picture, recipeId, 'generation_tps')
}

/** Measured every two seconds, every ten at rest, and not at all while nobody looks. */
const GAP_US = 30 * 1_000_000

/** The last five minutes as points for a sparkline; where nobody looked is a gap. */
export function series(
  picture: Picture,
  recipeId: string | null,
  name: Name,
): { x: number; y: number | null }[] {
  const end = picture.samples.at(-1)?.at
  if (recipeId === null || end === undefined) return []
  const x = (at: number): number => 1 - (end - at) / WINDOW_US
  return picture.samples.flatMap(({ at, engines }, i, all) => {
    const point = { x: x(at), y: engines[recipeId]?.[name] ?? null }
    const before = all[i - 1]?.at ?? at
    return at - before > GAP_US ? [{ x: x(before), y: null }, point] : [point]
  })
}

export interface GpuUse {
  engine: number // bytes of processes that are ours
  other: number
  free: number
}

const ENGINE_NAMES = /vllm|sglang/i

/** Who holds a GPU's memory: our engines, or anybody else. Ours by pid, or by name while an engine is alive. */
export function gpuUse(gpu: Gpu, engines: readonly EngineView[]): GpuUse {
  const pids = new Set(engines.map((engine) => engine.pid))
  const alive = engines.some((engine) => engine.pid !== null)
  const ours = gpu.processes
    .filter((process) => pids.has(process.pid) || (alive && ENGINE_NAMES.test(process.name)))
    .reduce((sum, process) => sum + (process.memory ?? 0), 0)
  const engine = Math.min(ours, gpu.memory_used)
  return { engine, other: gpu.memory_used - engine, free: gpu.memory_total - gpu.memory_used }
}
