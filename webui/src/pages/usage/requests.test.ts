import { describe, expect, it } from 'vitest'
import { ANY, isRequests, phasesOf, placeOfRequests, queryOf, saidIn, speedOf, wantedAt } from './requests'

describe('what is wanted', () => {
  it('stands in the address and comes back from there', () => {
    const wanted = { ...ANY, model: 'a/b?c=d', outcome: 'error', when: 'week' }
    const of = placeOfRequests(wanted)
    expect(isRequests(of)).toBe(true)
    expect(wantedAt(of)).toEqual(wanted)
    expect(wantedAt('requests')).toEqual(ANY)
    expect(isRequests('requests-of-mine')).toBe(false)
  })
  it('is asked as the server names it, an age as the moment it began', () => {
    expect(queryOf({ ...ANY, request: 'r1', status: '429', when: 'hour' }, 7_200_000)).toEqual({
      request_id: 'r1', status: '429', since: '3600000000',
    })
    expect(queryOf({ ...ANY, when: '17950000000000-17960000000000' }, 0)).toEqual({
      since: '17950000000000', until: '17960000000000',
    })
  })
})

describe('the time of a request', () => {
  it('is queue, load, first token and answer, and these are all of it', () => {
    const phases = phasesOf({ wait_ms: 300, load_ms: 200, ttft_ms: 400, duration_ms: 1000 })
    expect(phases.map(({ name, ms }) => [name, ms])).toEqual([
      ['queue', 100], ['load', 200], ['first', 100], ['answer', 600],
    ])
    expect(phases.map(({ from }) => from)).toEqual([0, 0.1, 0.3, 0.4])
    expect(phases.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
  })
  it('has no first token where none came', () => {
    const phases = phasesOf({ wait_ms: 0, load_ms: 0, ttft_ms: null, duration_ms: 5 })
    expect(phases.map(({ name }) => name)).toEqual(['answer'])
    expect(phasesOf({ wait_ms: 0, load_ms: 0, ttft_ms: null, duration_ms: 0 })).toEqual([])
  })
  it('gives a speed only where tokens were counted', () => {
    expect(speedOf({ completion_tokens: 11, ttft_ms: 500, duration_ms: 1500 })).toBe(10)
    expect(speedOf({ completion_tokens: null, ttft_ms: 500, duration_ms: 1500 })).toBeNull()
  })
})

describe('what an answer says', () => {
  it('is put together from a stream', () => {
    const text = 'data: {"choices":[{"delta":{"content":"Hel"}}]}\n\ndata: {"choices":[{"delta":{"content":"lo"}}]}\n\ndata: [DONE]\n'
    expect(saidIn(text)).toBe('Hello')
  })
  it('is found in both dialects, and nowhere where there is nothing', () => {
    expect(saidIn('{"choices":[{"message":{"content":"Hi"}}]}')).toBe('Hi')
    expect(saidIn('{"content":[{"type":"text","text":"Hi"}]}')).toBe('Hi')
    expect(saidIn('{"error":{"message":"no"}}')).toBeNull()
    expect(saidIn('cut of')).toBeNull()
  })
})
