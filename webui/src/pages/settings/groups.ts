// In which order settings stand, and under which title. What is not named here stands at the end.
import type { SettingInfo, SettingSource } from '../../lib/api/types'

export const GROUPS = {
  access: ['host', 'port', 'api_key', 'require_key', 'allowed_origins'],
  models: [
    'default_recipe',
    'max_resident',
    'min_residence_s',
    'priority_patience_s',
    'drain_timeout_s',
    'admission_timeout_s',
    'left_client_finishes_load',
    'loading_feedback',
    'sleep_memory_gib',
    'chat_titles',
  ],
  engines: ['inference_port', 'inference_api_base', 'warm_start', 'start_failure_limit', 'start_backoff_s'],
  gateway: [
    'lane',
    'direct_when_gateway_down',
    'litellm_port',
    'litellm_master_key',
    'gateway_restart_limit',
    'websocket_idle_s',
    'redis_url',
    'cache_memory_mib',
  ],
  money: ['currency', 'electricity_price_per_kwh'],
  record: [
    'serve_without_log',
    'checkpoint_events',
    'checkpoint_minutes',
    'checkpoints_folder',
    'usage_seal',
    'usage_keep_live_months',
    'usage_keep_months',
    'capture_bodies',
    'capture_days',
    'capture_body_mib',
    'capture_max_mib',
    'database_url',
    'litellm_database',
  ],
} as const

export type Group = keyof typeof GROUPS | 'other'

export interface Grouped {
  group: Group
  settings: readonly SettingInfo[]
}

export function grouped(all: readonly SettingInfo[]): readonly Grouped[] {
  const named = new Map(all.map((setting) => [setting.key, setting]))
  const take = (key: string): SettingInfo[] => {
    const found = named.get(key)
    named.delete(key)
    return found ? [found] : []
  }
  const known = Object.entries(GROUPS).map(([group, keys]): Grouped => ({
    group: group as Group,
    settings: keys.flatMap(take),
  }))
  return [...known, { group: 'other' as const, settings: [...named.values()] }].filter(
    ({ settings }) => settings.length > 0,
  )
}

/** Whether somebody set it; what was put back to the default is as if nobody had. */
export function differs(setting: SettingInfo, value: unknown, from: SettingSource | undefined): boolean {
  const changed = from !== undefined && from !== 'default'
  return changed && !(from === 'log' && JSON.stringify(value) === JSON.stringify(setting.default))
}

/** What is typed, as the server takes it; it judges whether that may be. */
export function valueOf(setting: SettingInfo, text: string): unknown {
  const typed = text.trim()
  switch (setting.type) {
    case 'whole number':
    case 'number':
      return typed !== '' && Number.isFinite(Number(typed)) ? Number(typed) : typed
    case 'list of text':
      return typed.split(/[\s,]+/).filter((part) => part !== '')
    case 'yes or no':
      return typed === 'true'
    case 'text':
      return typed === '' && setting.optional ? null : typed
  }
}

/** As it stands in its box. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return Array.isArray(value) ? value.join(', ') : String(value)
}
