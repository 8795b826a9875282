// An estimate as memory maps: what a recipe would hold of each device, and whether that is too much. Pure.
import type { EngineView, FitDevice, FitReport, FitSegment, Patch, Recipe } from './api/types'

export type Part = 'weights' | 'kv' | 'graphs' | 'overhead'
export const PARTS: readonly Part[] = ['weights', 'kv', 'graphs', 'overhead']

const PART: Record<FitSegment['kind'], Part> = {
  weights: 'weights',
  kv_cache: 'kv',
  activations: 'graphs',
  graphs: 'graphs',
  overhead: 'overhead',
  offload: 'overhead',
  swap: 'overhead',
}

export type Bytes = Record<Part, number>

export interface FitBar {
  device: FitDevice
  bytes: Bytes
  /** What programs hold that are not ours. */
  held: number
  /** What the whole bar stands for: the device, or more when more is asked of it. */
  scale: number
  /** Where the device ends within the bar, 0 to 1; null when everything is inside. */
  limit: number | null
}

export function bytesOf(segments: readonly FitSegment[], atLeast = false): Bytes {
  const bytes: Bytes = { weights: 0, kv: 0, graphs: 0, overhead: 0 }
  for (const segment of segments) {
    bytes[PART[segment.kind]] += atLeast ? Math.max(segment.bytes, segment.least) : segment.bytes
  }
  return bytes
}

/** Where it does not fit, what a start needs at least is drawn, and how far that is over the edge. */
export function barOf(device: FitDevice, report: FitReport): FitBar {
  const over = device.needs > device.allowed
  const bytes = bytesOf(device.segments, over)
  const asked = PARTS.reduce((sum, part) => sum + bytes[part], 0)
  const held = over ? 0 : device.held
  const edge = over && report.verdict === 'will-not-fit' ? device.allowed : device.total
  const scale = Math.max(device.total, asked, 1)
  return { device, bytes, held, scale, limit: over && asked > edge ? edge / scale : null }
}

const HOST = 'host'

/** The devices worth showing: GPUs, and main memory where there are none or where it is too small. */
export function devicesOf(report: FitReport): readonly FitDevice[] {
  const gpus = report.devices.filter((device) => device.device !== HOST)
  return report.devices.filter(
    (device) => device.device !== HOST || gpus.length === 0 || device.needs > device.allowed,
  )
}

/** The device that decides: the one with the least to spare. */
export function tightest(report: FitReport): FitDevice | null {
  const spare = (device: FitDevice): number => device.needs / Math.max(1, device.allowed)
  return devicesOf(report).reduce<FitDevice | null>(
    (worst, device) => (worst === null || spare(device) > spare(worst) ? device : worst),
    null,
  )
}

/** A recipe with some fields set; null clears one, as an empty field in the form does. */
export function patched(recipe: Recipe, patch: Patch): Recipe {
  const changed: Recipe = { ...recipe }
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete changed[name]
    else changed[name] = value
  }
  return changed
}

export interface Change {
  field: string
  before: unknown
  after: unknown
}

/** What a patch would change, field by field; nothing for fields that are so already. */
export function changesBy(recipe: Recipe, patch: Patch): Change[] {
  return Object.entries(patch)
    .map(([field, value]): Change => ({ field, before: recipe[field] ?? null, after: value }))
    .filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after))
}

/** Memory that an engine is measured to hold, split as its estimate says; the cache takes what is over. */
export function split(measured: number, segments: readonly FitSegment[]): Bytes {
  const said = bytesOf(segments)
  let rest = measured
  const take = (bytes: number): number => {
    const taken = Math.max(0, Math.min(rest, bytes))
    rest -= taken
    return taken
  }
  const weights = take(said.weights)
  const graphs = take(said.graphs)
  const overhead = take(said.overhead)
  return { weights, graphs, overhead, kv: said.kv > 0 ? take(rest) : 0 }
}

/** The parts of everything on one GPU, as the estimates of what runs there say; empty: nobody can say. */
export function partsOn(
  gpu: string,
  engines: readonly EngineView[],
  reportOf: (recipeId: string) => FitReport | null,
): FitSegment[] {
  return engines
    .filter((engine) => engine.state === 'ready') // what loads does not hold its parts yet
    .flatMap((engine) => {
      const devices = (reportOf(engine.recipe_id)?.devices ?? []).filter((d) => d.device !== HOST)
      const at = engine.devices.length > 0 ? engine.devices.indexOf(gpu) : devices.findIndex((d) => d.device === gpu)
      return devices[at]?.segments ?? []
    })
}
