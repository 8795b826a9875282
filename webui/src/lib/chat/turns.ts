// Whether models that are compared are in memory at once, as far as that is known. Pure.
import type { FitReport, RecipeView } from '../api/types'

const HOST = 'host'

/** True only where it is known that they do not fit: together they take more than a device has. */
export function takeTurns(
  recipes: readonly Pick<RecipeView, 'id' | 'state'>[],
  reportOf: (id: string) => FitReport | null,
): boolean {
  if (recipes.length < 2 || recipes.every(({ state }) => state === 'ready')) return false
  const taken = new Map<string, { takes: number; total: number }>()
  for (const { id } of recipes) {
    const devices = reportOf(id)?.devices ?? []
    const gpus = devices.filter(({ device }) => device !== HOST)
    for (const { device, takes, total } of gpus.length > 0 ? gpus : devices) {
      const before = taken.get(device)?.takes ?? 0
      taken.set(device, { takes: before + takes, total })
    }
  }
  return [...taken.values()].some(({ takes, total }) => total > 0 && takes > total)
}
