// Puts safe HTML into an element, with its formulas drawn, its pictures framed, and its marks at hand for keys.
import type { Attachment } from 'svelte/attachments'
import { drawMath } from './math'
import { framePictures } from './pictures'

export function rich(html: string): Attachment<HTMLElement> {
  return (element) => {
    element.innerHTML = html
    if (!html.includes('data-')) return
    drawMath(element)
    framePictures(element)
    for (const mark of element.querySelectorAll<HTMLElement>('[data-note], [data-source]')) {
      mark.tabIndex = 0
      mark.setAttribute('role', 'link')
    }
  }
}
