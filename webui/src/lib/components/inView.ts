// In a long list, what was chosen elsewhere is brought into sight; what is in sight stays where it is.

/** Attached to the chosen one: `{@attach chosen && inView}`. */
export function inView(element: HTMLElement): void {
  element.scrollIntoView({ block: 'nearest', inline: 'nearest' })
}
