// Where the keyboard is when what it was on goes away: the row that takes its place, else the page.
// A browser lets go of a removed element without a word, so the page is watched while something has focus.

const ROW = '[data-row]'

/** The row that stands where one was, of those that are left. */
export function nextTo<T>(rows: readonly T[], at: number): T | null {
  return rows[Math.min(at, rows.length - 1)] ?? null
}

/** Attached to the page; returns how to stop. */
export function keepsFocus(page: HTMLElement): () => void {
  let last: HTMLElement | null = null
  let at = -1

  const remember = (event: FocusEvent): void => {
    last = event.target as HTMLElement
    const row = last.closest<HTMLElement>(ROW)
    at = row ? [...page.querySelectorAll(ROW)].indexOf(row) : -1
  }
  const look = (): void => {
    if (last === null || last.isConnected) return
    const nobody = document.activeElement === null || document.activeElement === document.body
    const row = at < 0 ? null : nextTo([...page.querySelectorAll<HTMLElement>(ROW)], at)
    last = null
    if (nobody) (row ?? page).focus({ preventScroll: row === null })
  }
  const watch = new MutationObserver(look)
  page.addEventListener('focusin', remember)
  watch.observe(page, { childList: true, subtree: true })
  return () => {
    page.removeEventListener('focusin', remember)
    watch.disconnect()
  }
}
