import { describe, expect, it } from 'vitest'
import type { StateAt } from '../api/types'
import { approvalsThen, policiesThen, serversThen } from './tools_then'

const server = (more: object): object => ({
  name: 'files', transport: 'stdio', command: 'npx', args: ['-y', 'files'], cwd: '', url: '', env: ['TOKEN'],
  headers: [], enabled: true, timeout_s: 60, saved_at: 1, saved_by: 'window', state: 'ready', since: 2,
  version: 'files 1', tools: 3, pid: 9, reason: '', code: '', policies: { read: 'always', erase: 'never' }, ...more,
})
const approval = (id: string): object => ({
  approval_id: id, server: 'files', tool: 'read', arguments_hash: 'aa', approved_at: 5, approved_by: 'window',
})
const then = {
  mcp_servers: [server({}), server({ name: 'web', state: 'failed', reason: 'nobody answers', tools: null, policies: {} })],
  approvals: [approval('old'), approval('new')],
} as unknown as StateAt

describe('tools of a moment', () => {
  it('are the servers as they were saved, and as far as the log tells how they stood', () => {
    const [files, web] = serversThen(then)
    expect(files).toMatchObject({ name: 'files', state: 'ready', tools: 3, pid: 9, problem: '', env: ['TOKEN'] })
    expect(web).toMatchObject({ name: 'web', state: 'failed', tools: 0, problem: 'nobody answers' })
  })

  it('make up nothing that is only measured', () => {
    expect(serversThen(then)[0]).toMatchObject({ resources: 0, prompts: 0, restarts: 0, ping_ms: null })
  })

  it('why a server rested is no problem of it', () => {
    const [files] = serversThen({ mcp_servers: [server({ state: 'off', reason: 'asked to' })] } as unknown as StateAt)
    expect(files).toMatchObject({ state: 'off', problem: '' })
  })

  it('have the policies that were set, and approvals with the newest first', () => {
    expect(policiesThen(then, 'files')).toEqual([['read', 'always'], ['erase', 'never']])
    expect(policiesThen(then, 'nobody')).toEqual([])
    expect(approvalsThen(then).map((one) => [one.approval_id, one.arguments])).toEqual([['new', null], ['old', null]])
  })
})
