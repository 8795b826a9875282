// How the window looks: theme and density. Each is a choice that is kept in this browser and stands as an
// attribute on <html>, where the tokens read it; public/theme.js sets both before the first paint.

class Choice<Value extends string> {
  chosen: Value

  /** `values`: the first one is what is not written down. */
  constructor(
    private readonly name: string,
    readonly values: readonly [Value, ...Value[]],
  ) {
    this.chosen = $state(this.set())
  }

  /** The next one, round and round. */
  turn(): void {
    this.choose(this.values[(this.values.indexOf(this.chosen) + 1) % this.values.length]!)
  }

  choose(value: Value): void {
    this.chosen = value
    const usual = value === this.values[0]
    const root = document.documentElement
    if (usual) delete root.dataset[this.name]
    else root.dataset[this.name] = value
    try {
      if (usual) localStorage.removeItem(`studio.${this.name}`)
      else localStorage.setItem(`studio.${this.name}`, value)
    } catch {
      // Storage is off: the choice lasts as long as the page.
    }
  }

  private set(): Value {
    const set = document.documentElement.dataset[this.name]
    return this.values.find((value) => value === set) ?? this.values[0]
  }
}

export const theme = new Choice('theme', ['system', 'light', 'dark'])
export const density = new Choice('density', ['comfortable', 'dense'])
