// Which MCP servers want a person to sign in now. Asked once somebody shows it; facts say when to look again,
// and so does a stream that left some out.
import { studio } from '../store/studio.svelte'
import { mcp } from './api'

class SignIns {
  private names = $state.raw<ReadonlySet<string>>(new Set())
  /** How often something had been left out when they were asked for last; null: nobody has shown it. */
  private asked: number | null = null

  wants(server: string): boolean {
    return this.names.has(server)
  }

  /** Called in an effect of whoever shows it. */
  watch(): void {
    const { resyncs } = studio
    const before = this.asked
    if (before === resyncs) return
    this.asked = resyncs
    void this.load()
    if (before !== null) return
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
