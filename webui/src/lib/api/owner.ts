// Who is asking. The desktop window opens "/#owner=TOKEN"; the token moves to the tab's session storage
// and out of the address, so that it is neither bookmarked nor shown.

const OWNER = 'studio.owner'
const KEY = 'studio.key'

let owner: string | null = null
let key: string | null = null

/** Call once, before the router reads the address. */
export function takeOwnerToken(): void {
  owner = read(OWNER)
  key = read(KEY)
  const found = /^#owner=([^&]+)/.exec(location.hash)
  if (!found?.[1]) return
  owner = decodeURIComponent(found[1])
  write(OWNER, owner)
  history.replaceState(null, '', location.pathname + location.search)
}

/** Remember the controller's API key for this tab (only asked for when the studio demands one). */
export function useKey(value: string): void {
  key = value
  write(KEY, value)
}

export function isOwner(): boolean {
  return owner !== null
}

/** Headers that say who is asking; empty in a plain browser. */
export function identity(): Record<string, string> {
  const headers: Record<string, string> = {}
  if (owner) {
    headers['x-studio-owner'] = owner
    headers['x-studio-actor'] = 'window'
  }
  if (key) headers['authorization'] = `Bearer ${key}`
  return headers
}

function read(name: string): string | null {
  try {
    return sessionStorage.getItem(name)
  } catch {
    return null
  }
}

function write(name: string, value: string): void {
  try {
    sessionStorage.setItem(name, value)
  } catch {
    // Storage is off: it lasts as long as the page.
  }
}
