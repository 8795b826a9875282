// @vitest-environment jsdom
import { flushSync } from 'svelte'
import { afterEach, expect, it, vi } from 'vitest'
import { studio } from '../store/studio.svelte'
import { mcp } from './api'
import { signIns } from './signin.svelte'

afterEach(() => vi.restoreAllMocks())

it('servers are asked for once, and again when something was left out of what was told', () => {
  const asked = vi.spyOn(mcp, 'servers').mockResolvedValue([])
  const leave = $effect.root(() => {
    $effect(() => signIns.watch())
    $effect(() => signIns.watch())
  })
  flushSync()
  expect(asked).toHaveBeenCalledTimes(1)
  studio.resyncs += 1
  flushSync()
  expect(asked).toHaveBeenCalledTimes(2)
  leave()
})
