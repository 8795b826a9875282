import { describe, expect, it } from 'vitest'
import { coins, leastOf, money } from './money'

const usd = (value: number, least?: number): string => money(value, 'USD', 'en-US', least)

describe('what something cost', () => {
  it('is told to the cent, however much it is', () => {
    expect([0, 1, 12.3, 1234.56].map((one) => usd(one))).toEqual(['$0.00', '$1.00', '$12.30', '$1,234.56'])
    expect(money(1234.5, 'JPY', 'ja-JP')).toBe('￥1,235')
  })

  it('has as many places as say something, where it is less than one', () => {
    expect([0.146, 0.0446, 0.00031].map((one) => usd(one))).toEqual(['$0.15', '$0.045', '$0.00031'])
  })

  it('has the places of the smallest, where several stand under each other', () => {
    const costs = [0.076, 0.0446, 0, 0.0098]
    expect(costs.map((one) => usd(one, leastOf(costs)))).toEqual(['$0.0760', '$0.0446', '$0.0000', '$0.0098'])
    expect(leastOf([0, 0])).toBeUndefined()
  })

  it('is round on an axis', () => {
    expect([0, 0.005, 0.01, 2.5, 1500].map((one) => coins(one, 'USD', 'en-US'))).toEqual([
      '$0', '$0.005', '$0.01', '$2.5', '$1,500',
    ])
  })
})
