// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest'
import { keepsFocus } from './focus'

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))
let page: HTMLElement

/** A page with three rows, each with a button. */
beforeEach(() => {
  document.body.innerHTML =
    '<main tabindex="-1"><ul>' +
    [1, 2, 3].map((n) => `<li data-row tabindex="0" id="r${n}"><button id="b${n}">x</button></li>`).join('') +
    '</ul><p id="note"><button id="go">go</button></p></main>'
  page = document.querySelector('main')!
})
const focus = (id: string): void => document.getElementById(id)!.focus()
const remove = (id: string): void => document.getElementById(id)!.remove()

describe('the keyboard', () => {
  it('is on the row that takes the place of one that went, also from a button in it', async () => {
    const stop = keepsFocus(page)
    focus('b2')
    remove('r2')
    await settled()
    expect(document.activeElement?.id).toBe('r3')
    remove('r3')
    await settled()
    expect(document.activeElement?.id).toBe('r1')
    stop()
  })

  it('is on the page when nothing takes the place', async () => {
    const stop = keepsFocus(page)
    focus('go')
    remove('note')
    await settled()
    expect(document.activeElement).toBe(page)
    stop()
  })

  it('stays where somebody put it meanwhile', async () => {
    const stop = keepsFocus(page)
    focus('b1')
    remove('r1')
    focus('b3')
    await settled()
    expect(document.activeElement?.id).toBe('b3')
    stop()
  })
})
