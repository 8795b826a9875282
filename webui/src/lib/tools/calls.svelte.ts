// Calls of tools that wait for an approval, run, or ended a while ago: known on every page, so that a
// person can answer wherever they are. Nothing polls: facts say when to look again.
import { studio } from '../store/studio.svelte'
import { waiting } from '../store/waiting.svelte'
import { attempt } from '../store/actions'
import { mcp, type CallState, type Scope } from './api'

const AGAIN_MS = 150
/** A call that waited for its server asks once that is there: the log has no fact of the asking. */
const TELLING = /^(tool-call-|mcp-server-connected$)/

class Calls {
  list = $state.raw<readonly CallState[]>([])
  known = $state(false)
  private timer: ReturnType<typeof setTimeout> | undefined
  private watched = false
  /** What was answered here while the studio has not said so, by the calls' ids. */
  private readonly said = new Map<string, CallState['state']>()
  private asked = 0
  private newest = 0 // what was asked for before it is older than what is shown

  get asking(): readonly CallState[] {
    return this.list.filter((call) => call.state === 'asking')
  }

  /** As they are, and from now on. */
  watch(): void {
    void this.load()
    if (this.watched) return
    this.watched = true
    studio.onFact((fact) => {
      if (TELLING.test(fact.type)) this.soon()
    })
  }

  async load(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    const turn = ++this.asked
    try {
      const told = await mcp.calls()
      if (turn < this.newest) return
      this.newest = turn
      this.known = true
      this.show(told)
    } catch {
      // An older studio, or none that answers: what is known stays.
    }
  }

  private show(told: readonly CallState[]): void {
    this.list = told.map((call) => ({ ...call, state: this.said.get(call.call_id) ?? call.state }))
    waiting.calls = this.asking.length
  }

  approve(call: CallState, scope: Scope): Promise<boolean> {
    return this.answer(call, 'running', () => mcp.approve(call.call_id, scope, call.shown))
  }

  deny(call: CallState): Promise<boolean> {
    return this.answer(call, 'denied', () => mcp.deny(call.call_id))
  }

  cancel(call: CallState): Promise<boolean> {
    return this.answer(call, 'cancelled', () => mcp.cancel(call.call_id))
  }

  /** Shown at once; what the studio says replaces it. */
  private async answer(call: CallState, state: CallState['state'], ask: () => Promise<unknown>): Promise<boolean> {
    this.said.set(call.call_id, state)
    this.show(this.list)
    const went = await attempt(ask)
    this.said.delete(call.call_id)
    this.newest = this.asked + 1
    await this.load()
    return went
  }

  private soon(): void {
    this.timer ??= setTimeout(() => void this.load(), AGAIN_MS)
  }
}

export const calls = new Calls()
