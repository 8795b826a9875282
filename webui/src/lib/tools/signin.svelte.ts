// Which MCP servers want a person to sign in now. Asked once somebody shows it; facts say when to look again.
import { studio } from '../store/studio.svelte'
import { mcp } from './api'

class SignIns {
  private names = $state.raw<ReadonlySet<string>>(new Set())
  private watched = false

  wants(server: string): boolean {
    return this.names.has(server)
  }

  watch(): void {
    if (this.watched) return
    this.watched = true
    void this.load()
    studio.onFact((fact) => {
      if (fact.type.startsWith('mcp-server-')) void this.load()
    })
  }

  private async load(): Promise<void> {
    try {
      const found = await mcp.servers()
      this.names = new Set(found.filter(({ state }) => state === 'needs-sign-in').map(({ name }) => name))
    } catch {
      // Nobody answers, or it is not ours to read: what is known stays.
    }
  }
}

export const signIns = new SignIns()
