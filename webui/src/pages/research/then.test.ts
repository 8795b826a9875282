import { describe, expect, it } from 'vitest'
import type { StateAt } from '../../lib/api/types'
import type { Provider, ProviderList } from './api'
import { providersThen } from './then'

const now = (name: string, more: object = {}): Provider =>
  ({ name, kind: name, enabled: true, saved: true, ready: true, has_key: true, url: 'http://today', problem: 'of today', ...more }) as Provider
const NOW: ProviderList = {
  providers: [now('searxng'), now('wikipedia'), now('brave'), now('mine', { kind: 'folder' })],
  private_hosts: ['today.home'],
}
const then = (more: object): StateAt => ({ search_providers: [], private_hosts: [], ...more }) as unknown as StateAt

describe('search providers of a moment', () => {
  it('are those that need nothing, while nobody has configured any', () => {
    const { providers, private_hosts } = providersThen(then({}), NOW)
    expect(providers.filter((one) => one.enabled).map((one) => one.name)).toEqual(['wikipedia'])
    expect(providers.map((one) => one.name)).not.toContain('mine')
    expect(private_hosts).toEqual([])
  })

  it('are as they were configured then, and tell nothing of today', () => {
    const saved = [{ name: 'searxng', data: { kind: 'searxng', url: 'http://then', enabled: true } }]
    const { providers, private_hosts } = providersThen(then({ search_providers: saved, private_hosts: ['wiki.home'] }), NOW)
    expect(providers[0]).toMatchObject({ name: 'searxng', url: 'http://then', enabled: true, saved: true, ready: false, has_key: false, problem: '' })
    expect(providers[2]).toMatchObject({ name: 'brave', enabled: false, url: '' })
    expect(private_hosts).toEqual(['wiki.home'])
  })
})
