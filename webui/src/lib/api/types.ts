// The shapes of the studio's HTTP interface, as core/status.py, core/recipes/recipe.py and core/hardware say.
// `npm run types` writes schema.d.ts from a committed openapi.json; these names then become aliases of it,
// and nothing outside this file has to change.

export type EngineState =
  | 'starting'
  | 'loading'
  | 'ready'
  | 'stopping'
  | 'stopped'
  | 'failed'
  | 'asleep'
export type EngineKind = 'vllm' | 'sglang' | 'transformers' | 'command'

/** Microseconds since the epoch. */
export type Micros = number

export interface EngineView {
  engine_id: string
  recipe_id: string
  kind: string
  runtime: string | null
  state: EngineState
  since: Micros
  port: number
  pid: number | null
  phase: string
  percent: number | null
  eta_s: number | null
  in_flight: number
  argv: string[]
  adopted: boolean
}

export interface RecipeView {
  id: string
  name: string
  model: string
  engine: string
  public_name: string
  aliases: string[]
  state: EngineState
  engine_id: string | null
  percent: number | null
  phase: string
  pinned: boolean
  last_load_s: number | null
  error: string | null
  next_action: string
  requests_today: number
}

export interface SwitchView {
  switch_id: string
  kind: string
  target: string | null
  step: string
  since: Micros
  actor: string
  in_flight: number
}

export interface GatewayView {
  state: 'installing' | 'starting' | 'ready' | 'down' | 'stopped'
  port: number
  pid: number | null
  restarts: number
  error: string | null
}

export interface WaitingView {
  recipe_id: string
  requests: number
  oldest_since: Micros
}

export interface Status {
  version: string
  position: number
  endpoint: string
  state: 'idle' | 'ready' | 'switching' | 'failed'
  active: string | null
  headline: string
  recipes: RecipeView[]
  engines: EngineView[]
  switch: SwitchView | null
  gateway: GatewayView
  waiting: WaitingView[]
  in_flight: number
}

/** One thing that happened; `data` is the fact itself. */
export interface FactEntry {
  position: number
  recorded_at: Micros
  type: string
  stream: string
  actor: string
  sentence: string
  correlation_id: string | null
  causation_id: string | null
  data: Record<string, unknown>
}

export interface GpuProcess {
  pid: number
  name: string
  memory: number | null
}

export interface Gpu {
  index: number
  name: string
  uuid: string
  memory_total: number
  memory_used: number
  utilization: number | null
  temperature: number | null
  power_w: number | null
  processes: GpuProcess[]
}

export interface Hardware {
  gpus: Gpu[]
  gpu_note: string
  driver: string | null
  cpu: { name: string; cores: number; percent: number | null }
  memory: { total: number; available: number }
  disk: { total: number; free: number }
}

/** What one engine reports of itself; a field is null or absent when the engine does not tell. */
export interface EngineMetrics {
  generation_tps?: number | null
  prompt_tps?: number | null
  running?: number | null
  waiting?: number | null
  kv_cache?: number | null // 0 to 1
  ttft_p50_ms?: number | null
  prefix_hits?: number | null // 0 to 1
}

export interface Metrics {
  at: Micros
  hardware: Hardware
  engines: Record<string, EngineMetrics>
  gateway: { requests_per_s: number | null }
}

export interface Recipe {
  id: string
  name?: string
  notes?: string
  engine?: EngineKind
  runtime?: string | null
  model?: string
  command?: string[]
  served_name?: string | null
  aliases?: string[]
  [field: string]: unknown
}

export interface SavedRecipe {
  recipe: Recipe
  revision: number
  archived: boolean
  updated_at: Micros
  updated_by: string
}

export interface RuntimeEntry {
  runtime_id: string
  kind: string
  version: string
  state: 'installing' | 'installed' | 'failed'
  since: Micros
  phase: string
  percent: number | null
  bytes_on_disk: number | null
  seconds: number | null
  error: string | null
  next_action: string
}

/** What is wrong (or doubtful) about one field of a recipe. */
export interface FieldProblem {
  field: string
  message: string
  severity: 'error' | 'warning'
}

export interface AvailableRuntime {
  kind: string
  version: string
  note: string
}

/** RFC 9457, with the studio's additions. */
export interface Problem {
  type?: string
  title: string
  status: number
  detail: string
  code: string
  next_action?: string
  field?: string | null
  retry_after?: number
  lines?: string[]
}
