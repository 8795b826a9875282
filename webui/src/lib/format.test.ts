import { describe, expect, it } from 'vitest'
import { ago, clockTime, count, dayName, duration, figure, figures, millis, percent, size } from './format'

const MIB = 1024 ** 2
const GIB = 1024 ** 3
const LOCALES = ['en-GB', 'de-DE', 'zh-CN'] as const
const each = (say: (locale: string) => string): string[] => LOCALES.map(say)

describe('in English, German and Chinese', () => {
  it('numbers have the marks of the language', () => {
    expect(each((l) => count(1234567, l))).toEqual(['1,234,567', '1.234.567', '1,234,567'])
    expect(each((l) => figure(1.25, l))).toEqual(['1.3', '1,3', '1.3'])
    expect(each((l) => figure(1234.5, l))).toEqual(['1,235', '1.235', '1,235'])
    expect(each((l) => figures('1,234.50', l))).toEqual(['1,234.50', '1.234,50', '1,234.50'])
    expect(each((l) => figures('0.9.1', l))).toEqual(['0.9.1', '0.9.1', '0.9.1'])
    expect(each((l) => percent(0.456, l))).toEqual(['46', '46', '46'])
  })

  it('sizes keep their units', () => {
    expect(each((l) => size(1.5 * GIB, l))).toEqual(['1.5 GiB', '1,5 GiB', '1.5 GiB'])
    expect(each((l) => size(1400 * MIB, l))).toEqual(['1.4 GiB', '1,4 GiB', '1.4 GiB'])
  })

  it('durations have the units of the language', () => {
    expect(each((l) => duration(1.44, l))).toEqual(['1.4 s', '1,4 s', '1.4 秒'])
    expect(each((l) => duration(8040, l))).toEqual(['2 h 14 m', '2 h 14 min', '2 小时 14 分'])
    expect(each((l) => duration(273_600, l))).toEqual(['3 d 4 h', '3 d 4 h', '3 天 4 小时'])
    expect(each((l) => millis(57, l))).toEqual(['57 ms', '57 ms', '57 毫秒'])
    expect(each((l) => duration(null, l))).toEqual(['–', '–', '–'])
  })

  it('times and days are written as there', () => {
    const micros = new Date(2026, 10, 30, 9, 5, 7).getTime() * 1000
    expect(each((l) => clockTime(micros, l))).toEqual(['09:05:07', '09:05:07', '09:05:07'])
    expect(each((l) => dayName(micros, l))).toEqual(['Monday 30 November', 'Montag, 30. November', '11月30日星期一'])
    const now = micros / 1000 + 3 * 60_000
    expect(each((l) => ago(micros, now, l))).toEqual(['3 minutes ago', 'vor 3 Minuten', '3分钟前'])
  })

  it('midnight is the beginning of a day', () => {
    const midnight = new Date(2026, 10, 30, 0, 0, 0).getTime() * 1000
    expect([...each((l) => clockTime(midnight, l)), clockTime(midnight, 'en-US')]).toEqual(Array(4).fill('00:00:00'))
  })
})
