// @vitest-environment jsdom
import { flushSync, mount, unmount } from 'svelte'
import { describe, expect, it } from 'vitest'
import Said from './Said.svelte'

function shown(text: string): string {
  const target = document.createElement('p')
  const said = mount(Said, { target, props: { text } })
  flushSync()
  const html = target.innerHTML.replaceAll(/<!--.*?-->/g, '')
  void unmount(said)
  return html
}

describe('a sentence of the studio', () => {
  it('shows what it quotes as a command', () => {
    expect(shown('Run `a --b`, or `c`.')).toBe('Run <code>a --b</code>, or <code>c</code>.')
  })

  it('loses nothing of a name that holds such a mark', () => {
    expect(shown('Erased: 5` tall')).toBe('Erased: 5` tall')
    expect(shown('`a` and 5` tall')).toBe('<code>a</code> and 5` tall')
  })
})
