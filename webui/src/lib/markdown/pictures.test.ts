// @vitest-environment jsdom
// Pictures that a text names: whatever stands in their addresses, the text around them is shown.
import { describe, expect, test } from 'vitest'
import { inlineHtml } from './inline'
import { framePictures } from './pictures'
import { Definitions } from './words'

function framed(text: string): HTMLElement {
  const element = document.createElement('div')
  element.innerHTML = inlineHtml(text, new Definitions())
  framePictures(element)
  return element
}

describe('pictures', () => {
  test.each(['![a](http://[)', '![a](https://)', '![a](https://%zz/x.png)', '<img src="http://[" alt="a">'])(
    'an address that is none is no picture, and breaks nothing: %s',
    (broken) => {
      const element = framed(`${broken} ![b](https://example.org/b.png)`)
      expect(element.querySelectorAll('a[data-picture]')).toHaveLength(0)
      expect(element.querySelectorAll('button')).toHaveLength(1)
      expect(element.querySelector('img')).toBeNull()
    },
  )
})
