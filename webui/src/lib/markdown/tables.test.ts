import { describe, expect, it } from 'vitest'
import { asCsv, asMarkdown } from './tables'

describe('a table that is copied', () => {
  const rows = [['a', 'b'], ['1,5', 'say "x"'], ['=1+1', '-2'], ['x|y', '']]

  it('is a spreadsheet without formulas', () => {
    expect(asCsv(rows)).toBe('a,b\r\n"1,5","say ""x"""\r\n\'=1+1,-2\r\nx|y,\r\n')
  })

  it('is Markdown again', () => {
    expect(asMarkdown(rows, ['', 'right'])).toBe('| a | b |\n| --- | --: |\n| 1,5 | say "x" |\n| =1+1 | -2 |\n| x\\|y |  |\n')
  })
})
