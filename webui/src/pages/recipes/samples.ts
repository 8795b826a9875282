// Fields as the server describes them, for tests.
import type { FieldInfo } from '../../lib/api/types'

const GPU: FieldInfo['engines'] = ['vllm', 'sglang']
const ALL: FieldInfo['engines'] = ['vllm', 'sglang', 'transformers', 'command']

export function field(name: string, more: Partial<FieldInfo> = {}): FieldInfo {
  return {
    name,
    group: 'who',
    label: name,
    help: '',
    default: null,
    kind: 'text',
    unit: '',
    engines: ALL,
    minimum: null,
    maximum: null,
    above: null,
    also: [],
    suggestions: [],
    suggestions_by_engine: {},
    choices: [],
    parts: [],
    flags: {},
    ...more,
  }
}

const part = (name: string, kind: FieldInfo['kind'] = 'text'): FieldInfo['parts'][number] => ({
  name,
  label: name,
  kind,
  default: null,
  required: false,
})

export const SAMPLES: readonly FieldInfo[] = [
  field('id'),
  field('name', { default: '' }),
  field('engine', { group: 'what', kind: 'choice', default: 'vllm', choices: ALL }),
  field('model', { group: 'what', default: '' }),
  field('command', { group: 'what', kind: 'lines', default: [], engines: ['command'] }),
  field('served_name', { group: 'called' }),
  field('aliases', { group: 'called', kind: 'names', default: [] }),
  field('set_params', { group: 'called', kind: 'parameters', default: {} }),
  field('presets', { group: 'called', kind: 'presets', default: {} }),
  field('lane', { group: 'called', kind: 'choice', choices: ['gateway', 'direct'] }),
  field('devices', { group: 'devices', kind: 'devices', default: [] }),
  field('context_length', {
    group: 'memory',
    kind: 'whole',
    engines: GPU,
    also: ['n_ctx'],
    flags: { vllm: ['--max-model-len'], sglang: ['--context-length'] },
  }),
  field('memory_fraction', { group: 'memory', kind: 'number', engines: GPU, flags: { vllm: ['--gpu-memory-utilization'] } }),
  field('prefix_caching', { group: 'scheduling', kind: 'maybe', engines: GPU }),
  field('loras', { group: 'behaviour', kind: 'rows', default: [], parts: [part('name'), part('path')] }),
  field('speculative', {
    group: 'behaviour',
    kind: 'parts',
    parts: [part('method'), part('tokens', 'whole')],
  }),
  field('env', { group: 'more', kind: 'variables', default: {} }),
  field('extra_args', { group: 'more', kind: 'lines', default: [] }),
  field('pinned', { group: 'life', kind: 'switch', default: false }),
  field('load_timeout_s', { group: 'life', kind: 'number', default: 900 }),
]
