// The shapes of the studio's HTTP interface. What the app describes itself (openapi.json → schema.d.ts,
// by `npm run types`) is only named here; what travels as events or varies freely is written by hand.
import type { components } from './schema'

export type Schemas = components['schemas']

/** As it is sent: fields with a default are always there. */
export type Sent<T> = T extends readonly (infer Item)[]
  ? Sent<Item>[]
  : T extends object
    ? { [Field in keyof T]-?: Sent<T[Field]> }
    : T

export type EngineState = EngineView['state']
export type EngineKind = NonNullable<Schemas['Recipe']['engine']>

/** Microseconds since the epoch. */
export type Micros = number

export type Status = Omit<Sent<Schemas['Status']>, 'engines'> & { engines: EngineView[] }
export type SwitchView = Sent<Schemas['SwitchView']>
export type WaitingView = Sent<Schemas['WaitingView']>
export type RunningRequest = Sent<Schemas['RunningRequest']>
/** The fields of a recipe to set; null clears one. */
export type Patch = Record<string, unknown>
export type EngineView = Omit<Sent<Schemas['EngineView']>, 'remedy'> & { remedy: Patch }
export type RecipeView = Sent<Schemas['RecipeView']>
export type Hardware = Sent<Schemas['Hardware']>
export type Gpu = Sent<Schemas['Gpu']>
/** Whether a recipe fits, what it would hold of each device, and what would make it fit. */
export type FitReport = Omit<Sent<Schemas['FitReport']>, 'remedies'> & { remedies: Remedy[] }
export type FitDevice = Sent<Schemas['FitDevice']>
export type FitSegment = Sent<Schemas['Segment']>
export type Remedy = Omit<Sent<Schemas['Remedy']>, 'patch'> & { patch: Patch }
export type FieldProblem = Sent<Schemas['Problem']>
export type RuntimeEntry = Sent<Schemas['RuntimeView']>
export type RuntimeOffer = Sent<Schemas['OfferView']>

export type SettingInfo = Sent<Schemas['Setting']>
export type SettingSource = 'default' | 'file' | 'environment' | 'log'
/** What is in force and where each value comes from. */
export interface SettingsView {
  settings: Record<string, unknown>
  from: Record<string, SettingSource>
  described: SettingInfo[]
  takes_effect_after_restart: string[]
}

export type KeyView = Sent<Schemas['KeyView']>
export type KeyLimits = KeyView['limits']
export type KeyUse = Sent<Schemas['KeyUse']>
export type KeyList = Sent<Schemas['KeyList']>
export interface KeyWish {
  name: string
  expires_in_s: number | null
  limits: Partial<KeyLimits>
}

/** Sums over requests, and what was told apart in them. */
export type UsageReport = Sent<Schemas['UsageReport']>
export type UsageEntry = Omit<Sent<Schemas['UsageEntry']>, 'group'> & {
  group: Record<string, string | number>
}
export type RequestEntry = Sent<Schemas['RequestEntry']>
export type RequestList = Sent<Schemas['RequestList']>

/** The studio as the facts up to a position tell it. */
export type StateAt = Sent<Schemas['StateAt']>
export type StateDiff = Sent<Schemas['StateDiff']>
export type Difference = StateDiff['differences'][number]
export type Why = Omit<Sent<Schemas['Why']>, 'thread'> & { thread: FactEntry[] }
export type Consequences = Sent<Schemas['Consequences']>
export type TimelinePage = Sent<Schemas['Timeline']>
export type VerificationView = Sent<Schemas['VerificationView']>
export type Claim = Sent<Schemas['Claim']>
export type AuditView = Sent<Schemas['AuditView']>

/** A name that stands for several models, and who would answer to it now. */
export type VirtualModel = Sent<Schemas['VirtualModel']> & { parameters: Record<string, unknown> }
export type VirtualView = Omit<Sent<Schemas['VirtualView']>, 'model'> & { model: VirtualModel }
export type ProviderView = Sent<Schemas['ProviderView']>
export type ProviderList = Sent<Schemas['ProviderList']>
export type ProviderWish = Sent<Schemas['ProviderWish']>
export type OfferedModel = ProviderView['models'][number]
export type CacheCounts = Sent<Schemas['CacheCounts']>
export type CaptureCounts = Sent<Schemas['CaptureCounts']>
export type RequestBodies = Sent<Schemas['RequestBodies']>
export type BodyView = RequestBodies['request']
export type MirrorView = Sent<Schemas['MirrorView']>
/** One line of GET /v1/models; the status is the studio's own. */
export interface ListedModel {
  id: string
  owned_by: string
  status: 'loaded' | 'unloaded' | 'remote'
}

export type ConversationView = Sent<Schemas['ConversationView']>
/** What was sealed of a message beside its text; what is not set is left out. */
export type Said = Partial<Omit<Sent<Schemas['Said']>, 'tool'>> & { tool?: Partial<ToolOutcome> | null }
export type ToolOutcome = Sent<Schemas['ToolOutcome']>
export type ToolCall = Sent<Schemas['ToolCall']>
export type CallRow = Sent<Schemas['CallRow']>
export type MessageView = Omit<Sent<Schemas['MessageView']>, 'said'> & { said: Said | null }
export interface ConversationRead {
  conversation: ConversationView
  messages: MessageView[]
  chosen: string | null
  setup: Partial<Sent<Schemas['Setup']>> | null
  /** Messages that were left out, where its end was asked for. */
  earlier?: number
  /** Where those stand that were left out, where the rest was asked for. */
  places?: readonly number[]
}
export type PresetView = Omit<Sent<Schemas['PresetView']>, 'parameters'> & { parameters: Record<string, unknown> }
/** What the next request would hold. */
export type Room = Sent<Schemas['Room']>
export type RoomPart = Room['parts'][number]
export type ReplyView = Sent<Schemas['ReplyView']>
export type FoundConversation = Sent<Schemas['Found']>
export interface ReplyWish {
  model: string
  to: string
  system?: string
  parameters?: Readonly<Record<string, unknown>>
  tools?: readonly string[]
  goes_on?: boolean
}
/** What comes of a reply, as events. */
export type ReplyEvent =
  | { kind: 'grew'; text: string; reasoning: string; tokens: number }
  | { kind: 'called'; call: CallRow }
  /** A message of it is recorded; `message_id` is the one that comes next. */
  | { kind: 'added'; message: MessageView; message_id: string }
  | { kind: 'ended'; outcome: 'whole' | 'stopped' | 'cut'; message: MessageView | null; problem: string }

/** One thing that happened; `data` is the fact itself. */
export type FactEntry = Sent<Schemas['TimelineEntry']>

/** What is set, by field; the form knows some of the fields, the server all of them. */
export interface Recipe {
  id: string
  name?: string
  model?: string
  [field: string]: unknown
}

/** What a field of a recipe takes, and what it becomes on an engine's command line. */
export type FieldInfo = Omit<Sent<Schemas['FieldInfo']>, 'flags' | 'suggestions_by_engine'> & {
  flags: Partial<Record<EngineKind, string[]>>
  suggestions_by_engine: Partial<Record<EngineKind, string[]>>
}
export type FieldPart = Sent<Schemas['FieldPart']>
/** The command line of a recipe as it stands, and what it differs in from another. */
export type LaunchPreview = Sent<Schemas['LaunchPreview']>
export type Argument = Sent<Schemas['Compared']>
export type Variable = Sent<Schemas['ComparedVariable']>
export type Revision = Omit<Sent<Schemas['Revision']>, 'recipe'> & { recipe: Recipe }
export type ImportPreview = Sent<Schemas['ImportPreview']>
export type ImportLine = Sent<Schemas['ImportLine']>
export interface ImportWish {
  format: string
  text: string
  replace: boolean
  only?: readonly string[]
}

export type SavedRecipe = Omit<Sent<Schemas['RecipeWithHistory']>, 'recipe'> & { recipe: Recipe }

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

/** What is kept of a measurement. */
export interface Measured {
  at: Micros
  engines: Record<string, EngineMetrics>
  gateway: { requests_per_s: number | null }
}

export interface Metrics extends Measured {
  hardware: Hardware
}

/** A file of a message; what is as usual is left out. */
export type Attachment = Partial<Sent<Schemas['Attachment']>> &
  Pick<Sent<Schemas['Attachment']>, 'id' | 'name' | 'kind' | 'mime' | 'size' | 'tokens'>
export type AttachmentCost = Sent<Schemas['Cost']>

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
