// Where we are: "/recipes?of=qwen2.5" → page "recipes", about "qwen2.5".
// What a page is about stands in the query, because an id may look like a file's name to the server.

export const PAGES = [
  'dashboard',
  'chat',
  'research',
  'recipes',
  'usage',
  'logs',
  'timeline',
  'endpoint',
  'tools',
  'keys',
  'settings',
] as const
export type Page = (typeof PAGES)[number]

export interface Place {
  page: Page
  of: string
}

export function placeOf(url: URL): Place {
  const name = url.pathname.replace(/^\/+|\/+$/g, '')
  const page = PAGES.find((known) => known === name) ?? 'dashboard'
  return { page, of: page === 'dashboard' ? '' : (url.searchParams.get('of') ?? '') }
}

export function href(page: Page, of = ''): string {
  const path = page === 'dashboard' ? '/' : `/${page}`
  return of ? `${path}?of=${encodeURIComponent(of)}` : path
}

type Guard = () => boolean | Promise<boolean>

class Router {
  place = $state.raw<Place>({ page: 'dashboard', of: '' })
  private mayLeave: Guard | null = null

  start(): void {
    this.place = placeOf(new URL(location.href))
    window.addEventListener('popstate', () => void this.cameBack())
    document.addEventListener('click', (event) => this.clicked(event))
  }

  go(page: Page, of = ''): void {
    void this.goTo(href(page, of))
  }

  /** The same page about something else, without a step in the history. */
  amend(of: string): void {
    history.replaceState(null, '', href(this.place.page, of))
    this.place = { page: this.place.page, of }
  }

  /** A page with unsaved work may hold a person back; returns the way to let go. */
  holdBack(mayLeave: Guard): () => void {
    this.mayLeave = mayLeave
    return () => {
      if (this.mayLeave === mayLeave) this.mayLeave = null
    }
  }

  private async goTo(target: string): Promise<void> {
    if (target === location.pathname + location.search) return
    if (this.mayLeave && !(await this.mayLeave())) return
    history.pushState(null, '', target)
    this.place = placeOf(new URL(location.href))
  }

  private async cameBack(): Promise<void> {
    const { page, of } = this.place
    const target = location.pathname + location.search
    if (this.mayLeave) {
      history.pushState(null, '', href(page, of)) // stay while we ask
      await this.goTo(target)
    } else this.place = placeOf(new URL(location.href))
  }

  /** Links to our own pages change the page without loading it again. */
  private clicked(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
    const link = (event.target as Element | null)?.closest?.('a')
    if (!link || link.target || link.origin !== location.origin || link.hash) return
    event.preventDefault()
    void this.goTo(link.pathname + link.search)
  }
}

export const router = new Router()
