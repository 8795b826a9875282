// Whether requests came or went: a mark that is another one then, and the same while nothing happens.
// What is refused at the door stands in no status, so a measured rate counts too.
import { studio } from './studio.svelte'

class Traffic {
  readonly mark = $derived.by((): string => {
    const { status, samples } = studio.live
    const today = status?.recipes.reduce((sum, recipe) => sum + recipe.requests_today, 0) ?? 0
    const newest = samples.at(-1)
    return `${status?.in_flight ?? 0} ${today} ${newest?.requests_per_s ? newest.at : ''}`
  })
}

export const traffic = new Traffic()
