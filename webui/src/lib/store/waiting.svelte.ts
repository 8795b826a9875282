// How many calls of tools wait for a person: a figure beside a name in the sidebar. What counts them
// comes later than the first paint.

class Waiting {
  calls = $state(0)
}

export const waiting = new Waiting()
