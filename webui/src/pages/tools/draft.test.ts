import { describe, expect, it } from 'vitest'
import type { McpServer } from '../../lib/tools/api'
import { canRevert, draftOf, NO_SECRET, sameAgain, SAMPLE, splitUp, wishOf } from './draft'

const SERVER: McpServer = {
  name: 'files', transport: 'stdio', command: 'npx', args: ['-y', 'server', '/a b'], cwd: '/tmp', url: '',
  env: ['TOKEN'], headers: [], enabled: false, timeout_s: 30, state: 'off', signed_in: false, since: 0, problem: '', next_action: '',
  version: '', tools: 0, resources: 0, prompts: 0, restarts: 0, pid: null, ping_ms: null,
}

describe('a form', () => {
  it('that nobody touched saves what was there, and keeps every secret unseen', () => {
    expect(sameAgain(SERVER)).toEqual({
      transport: 'stdio', command: 'npx', args: ['-y', 'server', '/a b'], cwd: '/tmp', url: '',
      env: { TOKEN: null }, headers: {}, enabled: false, timeout_s: 30,
    })
  })
  it('sends a secret that was typed, and leaves out a row without a name', () => {
    const draft = draftOf(SERVER)
    draft.env[0]!.value = 'new'
    draft.env.push({ ...NO_SECRET, value: 'x' }, { name: ' EMPTY ', value: '', kept: false })
    expect(wishOf(draft, SERVER).env).toEqual({ TOKEN: 'new', EMPTY: '' })
  })
  it('of an address keeps what was taken out of it', () => {
    const far: McpServer = { ...SERVER, transport: 'http', command: '', args: [], cwd: '', url: 'https://h/${URL_KEY}', env: ['URL_KEY'] }
    expect(sameAgain(far)).toMatchObject({ url: 'https://h/${URL_KEY}', env: { URL_KEY: null } })
  })
  it('of the other kind sends nothing of the former', () => {
    const wish = wishOf({ ...draftOf(SERVER), transport: 'http', url: ' http://h/mcp ' }, SERVER)
    expect(wish).toMatchObject({ command: '', args: [], env: {}, url: 'http://h/mcp' })
  })
})

describe('a change of a server', () => {
  it('can be taken back while its secrets stay', () => {
    expect(canRevert(SERVER, { ...sameAgain(SERVER), args: [] })).toBe(true)
  })
  it('can not when a secret was replaced or left out', () => {
    expect(canRevert(SERVER, { ...sameAgain(SERVER), env: { TOKEN: 'x' } })).toBe(false)
    expect(canRevert(SERVER, { ...sameAgain(SERVER), env: {} })).toBe(false)
    expect(canRevert(SERVER, { ...sameAgain(SERVER), command: 'other' })).toBe(false)
  })
})

it('a command line is taken apart, quotes kept together', () => {
  expect(splitUp(`npx -y "my server" '/a b'`)).toEqual({ command: 'npx', args: ['-y', 'my server', '/a b'] })
  expect(splitUp(' uvx ')).toBeNull()
  expect(splitUp('"C:\\Program Files\\x.exe"')).toBeNull()
})

it('the configuration that is offered first is JSON', () => {
  expect(Object.keys(JSON.parse(SAMPLE).mcpServers)).toEqual(['time'])
})
