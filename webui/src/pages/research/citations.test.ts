// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'
import { markUnsupported, notesFor, textBefore, wrapCitations, type Said } from './citations'

const SAID: Said = { label: (n) => `Source ${n}`, known: (n) => n < 9, unsupported: 'no support' }
function drawn(html: string): HTMLElement {
  const root = document.createElement('div')
  root.innerHTML = html
  return root
}
const note = (note_id: string, source: number) => ({ note_id, source, step_id: 's', claim: '', quote: '', start: 0, end: 1 })

describe('citations', () => {
  it('become buttons where they stand in text, several at once, and once only', () => {
    const root = drawn('<p>One <b>fact</b> [1]. Two [2, 3][12].</p>')
    wrapCitations(root, SAID)
    wrapCitations(root, SAID)
    expect([...root.querySelectorAll('button')].map((one) => one.dataset['n'])).toEqual(['1', '2', '3', '12'])
    expect(root.querySelector('.broken')!.textContent).toBe('12')
    expect(root.querySelector('button')!.getAttribute('aria-label')).toBe('Source 1')
  })
  it('stay text in code and in links', () => {
    const root = drawn('<p><code>a[1]</code> <a href="https://x">[2]</a></p>')
    wrapCitations(root, SAID)
    expect(root.querySelector('button')).toBeNull()
  })
  it('rest on the notes of the sentence before them, else on all of the source', () => {
    const root = drawn('<p>The <b>moon</b> is far [1]. It is round [1].</p>')
    wrapCitations(root, SAID)
    const [first, second] = [...root.querySelectorAll('.cite')]
    const claims = [
      { text: 'The **moon** is far.', notes: ['a'] },
      { text: 'It is round.', notes: ['b'] },
    ]
    const notes = [note('a', 1), note('b', 1), note('c', 2)]
    expect(notesFor(textBefore(first!), 1, claims, notes).map((one) => one.note_id)).toEqual(['a'])
    expect(notesFor(textBefore(second!), 1, claims, notes).map((one) => one.note_id)).toEqual(['b'])
    expect(notesFor('something else', 2, claims, notes).map((one) => one.note_id)).toEqual(['c'])
  })
})

describe('a sentence without support', () => {
  it('is marked across bold and beside citations, and only once', () => {
    const root = drawn('<p>Fine words. Cheese <b>is</b> the moon [1].</p><p>Other.</p>')
    wrapCitations(root, SAID)
    markUnsupported(root, ['Cheese **is** the moon'], SAID)
    markUnsupported(root, ['Cheese **is** the moon'], SAID)
    const marked = [...root.querySelectorAll('mark')].map((one) => one.textContent).join('')
    expect(marked).toBe('Cheese is the moon')
    expect(root.querySelector('mark')!.title).toBe('no support')
  })
  it('that is nowhere marks nothing', () => {
    const root = drawn('<p>Fine words.</p>')
    markUnsupported(root, ['not said at all'], SAID)
    expect(root.querySelector('mark')).toBeNull()
  })
})
