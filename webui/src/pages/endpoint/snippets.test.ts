import { describe, expect, it } from 'vitest'
import { addressOf, isLocal, snippet, TOOLS } from './snippets'

const LOCAL = 'http://127.0.0.1:8080/v1'

describe('the address', () => {
  it('is the one that the studio tells, on this machine', () => {
    expect(addressOf(LOCAL, 'http://localhost:8080/endpoint')).toBe(LOCAL)
    expect(isLocal(LOCAL)).toBe(true)
  })
  it('is never the one that means every address', () => {
    expect(addressOf('http://0.0.0.0:8080/v1', 'http://127.0.0.1:8080/')).toBe(LOCAL)
    expect(addressOf('http://[::]:8080/v1', 'http://127.0.0.1:8080/')).toBe(LOCAL)
  })
  it('is what this page was reached by, from another machine', () => {
    const address = addressOf('http://0.0.0.0:8080/v1', 'http://gpu-box:8080/endpoint')
    expect(address).toBe('http://gpu-box:8080/v1')
    expect(isLocal(address)).toBe(false)
  })
})

describe('a snippet', () => {
  it('names no key where none is asked for, and never holds one', () => {
    for (const tool of TOOLS) {
      expect(snippet(tool, { address: LOCAL, model: 'm', keyed: false })).not.toContain('VLLM_STUDIO_KEY')
      expect(snippet(tool, { address: LOCAL, model: 'm', keyed: true })).toContain('VLLM_STUDIO_KEY')
    }
  })
  it('leaves /v1 out for clients of Anthropic', () => {
    const text = snippet('anthropic', { address: LOCAL, model: 'm', keyed: false })
    expect(text).toContain('base_url="http://127.0.0.1:8080"')
  })
  it('survives a name with quotes in it', () => {
    expect(snippet('env', { address: LOCAL, model: "it's", keyed: false })).toContain(`'it'\\''s'`)
    expect(snippet('openai', { address: LOCAL, model: 'a"b', keyed: false })).toContain('model="a\\"b"')
  })
})
