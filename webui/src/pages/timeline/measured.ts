// What a measurement says that an engine held, against what there is of it here. Pure.
import type { Hardware } from '../../lib/api/types'

export interface Held {
  /** Of the GPU; empty: main memory. */
  name: string
  bytes: number
  /** null: this machine has no such GPU any more. */
  total: number | null
}

export const isMeasurement = (type: string): boolean => type === 'engine-memory-measured'

export function heldIn(data: Record<string, unknown>, hardware: Hardware | null): Held[] {
  const gpus = Object.entries((data['gpus'] ?? {}) as Record<string, number>).map(([uuid, bytes]): Held => {
    const gpu = hardware?.gpus.find((one) => one.uuid === uuid)
    return { name: gpu ? `GPU ${gpu.index} · ${gpu.name}` : uuid, bytes, total: gpu?.memory_total ?? null }
  })
  const host = Number(data['host'] ?? 0)
  return host > 0 ? [...gpus, { name: '', bytes: host, total: hardware?.memory.total ?? null }] : gpus
}
