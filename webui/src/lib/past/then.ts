// The studio of a moment, in the shapes that pages show. Pure.
//
// What was measured (speeds, memory, running requests) is no event, so it is not there: a page shows
// a dash for it, never what is measured now.
import type {
  EngineState,
  EngineView,
  KeyList,
  KeyView,
  ProviderList,
  ProviderView,
  RecipeView,
  SavedRecipe,
  SettingsView,
  StateAt,
  Status,
  SwitchView,
  VirtualModel,
  VirtualView,
} from '../api/types'
import { BLANK, type Picture } from '../store/picture'

type Run = StateAt['engines'][number]

export function pictureThen(state: StateAt, now: Picture): Picture {
  return {
    ...BLANK,
    status: now.status && statusThen(state, now.status),
    position: state.position,
    facts: now.facts.filter((fact) => fact.position <= state.position),
  }
}

export function statusThen(state: StateAt, now: Status): Status {
  const runs = [...state.engines, ...state.ended]
  const recipes = state.recipes.map((saved) => recipeThen(saved, state, runs))
  const ready = state.engines.filter((run) => run.state === 'ready')
  const newest = ready.reduce<Run | null>((a, b) => (a && a.since >= b.since ? a : b), null)
  const switches = state.changes.map((change): SwitchView => ({ ...change, in_flight: 0 }))
  const gateway = state.services['gateway']
  return {
    ...now,
    version: state.services['studio']?.version || now.version,
    position: state.position,
    state: switches.length > 0 ? 'switching' : newest ? 'ready' : 'idle',
    active: newest?.recipe_id ?? null,
    headline: '',
    recipes,
    engines: runs.map(engineThen),
    switch: switches[0] ?? null,
    switches,
    gateway: {
      state: GATEWAY[gateway?.state ?? ''] ?? 'stopped',
      port: now.gateway.port,
      pid: gateway?.pid ?? null,
      restarts: 0,
      error: gateway?.reason || null,
    },
    waiting: [],
    in_flight: 0,
    alarm: null,
    problem: null,
    notices: [],
    failed: null,
  }
}

const GATEWAY: Record<string, Status['gateway']['state']> = {
  ready: 'ready',
  starting: 'starting',
  crashed: 'down',
  down: 'down',
  stopped: 'stopped',
}

const STATES: readonly EngineState[] = [
  'starting', 'loading', 'ready', 'stopping', 'stopped', 'failed', 'asleep', 'left-alone',
]

/** The log's word for a run's state is the window's, but for a crash, which is a failure, and what is lost. */
function stateThen(run: Run | undefined): EngineState {
  if (!run) return 'stopped'
  return STATES.find((state) => state === run.state) ?? (run.state === 'crashed' ? 'failed' : 'stopped')
}

function recipeThen(saved: StateAt['recipes'][number], state: StateAt, runs: readonly Run[]): RecipeView {
  const recipe = saved.recipe as Record<string, unknown>
  const run = runs.find((one) => one.recipe_id === saved.recipe_id)
  const text = (name: string): string => String(recipe[name] ?? '')
  const failures = state.failed_starts.find((one) => one.recipe_id === saved.recipe_id)
  const how = stateThen(run)
  return {
    id: saved.recipe_id,
    name: text('name'),
    model: text('model'),
    engine: text('engine') || 'vllm',
    public_name: text('served_name') || saved.recipe_id,
    aliases: (recipe['aliases'] as string[] | undefined) ?? [],
    state: how,
    engine_id: run?.engine_id ?? null,
    percent: how === 'loading' || how === 'starting' ? (run?.percent ?? null) : null,
    phase: how === 'loading' || how === 'starting' ? (run?.phase ?? '') : '',
    eta_s: null,
    late: false,
    pinned: recipe['pinned'] === true,
    last_load_s: state.load_s[saved.recipe_id] ?? null,
    expected_s: null,
    error: how === 'failed' ? (run?.error ?? failures?.reason ?? null) : null,
    next_action: how === 'failed' ? (run?.next_action ?? failures?.next_action ?? '') : '',
    requests_today: 0,
    changed: run !== undefined && how !== 'stopped' && how !== 'failed' && run.revision !== saved.revision,
    blocked: false,
    blocked_until: null,
    priority: Number(recipe['priority'] ?? 0),
    can_sleep: false,
  }
}

function engineThen(run: Run): EngineView {
  return {
    engine_id: run.engine_id,
    recipe_id: run.recipe_id,
    kind: run.kind,
    runtime: run.runtime,
    state: stateThen(run),
    since: run.since,
    port: run.port,
    pid: run.pid,
    phase: run.phase,
    percent: run.percent,
    eta_s: null,
    late: false,
    in_flight: 0,
    argv: run.argv,
    devices: run.devices,
    adopted: run.adopted,
    sleep_level: null,
    error: run.error,
    error_code: run.error_code ?? '',
    next_action: run.next_action,
    lines: run.lines,
    remedy: {},
  }
}

export function recipesThen(state: StateAt): SavedRecipe[] {
  return [...state.recipes, ...state.archived].map((saved) => ({
    ...saved,
    recipe: saved.recipe as SavedRecipe['recipe'],
  }))
}

export function keysThen(state: StateAt): KeyList {
  const keys = state.keys.map((key): KeyView => ({
    ...key,
    state: key.state === 'in-force' ? 'in force' : key.state,
    used: null, // what was used then is not folded
  }))
  return { keys, required: state.settings['require_key'] === true, next: null }
}

/** Who would have answered then, nobody recorded. */
export function virtualModelsThen(state: StateAt): VirtualView[] {
  return state.virtual_models.map((saved) => ({
    model: {
      parameters: {},
      fallbacks: [],
      places: null,
      unlisted: false,
      ...(saved.data as Pick<VirtualModel, 'members' | 'policy'>),
      name: saved.id,
    },
    now: [],
    problems: [],
  }))
}

export function providersThen(state: StateAt): ProviderList {
  const providers = state.providers.map((saved): ProviderView => {
    const data = saved.data as Record<string, unknown>
    const models = (data['models'] ?? []) as ProviderView['models']
    return {
      id: saved.id,
      kind: String(data['kind'] ?? ''),
      api_base: (data['api_base'] as string | null | undefined) ?? null,
      has_key: false, // whether it had one is told to nobody
      models: models.map(({ model, name, price, unlisted }) => ({
        model,
        name: name ?? '',
        price: price ?? null,
        unlisted: unlisted ?? false,
      })),
      names: models.map(({ model, name }) => name || `${saved.id}/${model}`),
      problems: [],
    }
  })
  return { providers, kinds: [] }
}

/** Values of then; what files and the environment said then, nobody recorded. */
export function settingsThen(state: StateAt, now: SettingsView): SettingsView {
  const settings: Record<string, unknown> = { ...now.settings }
  const from = { ...now.from }
  for (const { key, default: value } of now.described) {
    if (key in state.settings) {
      settings[key] = state.settings[key]
      from[key] = 'log'
    } else if (from[key] === 'log') {
      settings[key] = value
      from[key] = 'default'
    }
  }
  return { ...now, settings, from, takes_effect_after_restart: [] }
}
