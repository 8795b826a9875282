// Pictures in a text. One from elsewhere is only named: looking at it tells its host that it was looked at, and a
// model that was talked into it could write anything into the address. It is fetched when somebody asks for it.
import { t } from '../i18n/index.svelte'

/** About four megabytes of picture. */
const LARGEST = 6_000_000

export function framePictures(element: HTMLElement): void {
  for (const link of element.querySelectorAll<HTMLAnchorElement>('a[data-picture]')) {
    const address = link.getAttribute('href') ?? ''
    const words = link.textContent ?? ''
    if (address.startsWith('data:')) {
      link.replaceWith(address.length > LARGEST ? note(t('render.picture.large'), words) : image(address, words))
    } else {
      const url = urlOf(address)
      link.replaceWith(url ? wish(url, words) : words)
    }
  }
}

/** null: "https://[" and the like, which any text may hold. */
function urlOf(address: string): URL | null {
  try {
    return new URL(address)
  } catch {
    return null
  }
}

function wish(url: URL, words: string): HTMLElement {
  const row = note(t('render.picture', { host: url.host }), words)
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'quiet small'
  button.textContent = t('render.picture.show')
  button.setAttribute('aria-label', `${t('render.picture', { host: url.host })}: ${t('render.picture.show')}`)
  button.addEventListener('click', () => {
    const shown = image(url.href, words)
    shown.addEventListener('error', () => shown.replaceWith(note(t('render.picture.failed', { host: url.host }), words)))
    row.replaceWith(shown)
  })
  row.title = url.href
  row.append(button)
  return row
}

function note(text: string, words: string): HTMLElement {
  const row = document.createElement('span')
  row.className = 'picture'
  const label = document.createElement('span')
  label.textContent = words ? `${text} · ${words}` : text
  row.append(label)
  return row
}

function image(address: string, words: string): HTMLImageElement {
  const shown = document.createElement('img')
  shown.referrerPolicy = 'no-referrer'
  shown.decoding = 'async'
  shown.alt = words
  shown.src = address
  return shown
}
