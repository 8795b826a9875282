// How to ask the studio from outside, as texts that can be run as they are. Pure.

export const TOOLS = ['curl', 'openai', 'anthropic', 'env'] as const
export type Tool = (typeof TOOLS)[number]

export interface Asked {
  /** With /v1 at its end, as OpenAI's clients want it. */
  address: string
  model: string
  /** Nobody gets in without a key, so one has to be put where the text says. */
  keyed: boolean
}

const ANYWHERE = new Set(['0.0.0.0', '[::]'])
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]'])
export const KEY_NAME = 'VLLM_STUDIO_KEY'

/** Where others reach it: as this page did, unless that was from this machine itself. */
export function addressOf(endpoint: string, here: string): string {
  const told = new URL(endpoint)
  const page = new URL(here)
  if (!LOOPBACK.has(page.hostname)) return `${page.origin}/v1`
  if (ANYWHERE.has(told.hostname)) told.hostname = page.hostname
  return told.href.replace(/\/$/, '')
}

/** Anthropic's clients put /v1 there themselves. */
export const withoutV1 = (address: string): string => address.replace(/\/v1$/, '')

/** Whether only programs on this machine get there. */
export const isLocal = (address: string): boolean => LOOPBACK.has(new URL(address).hostname)

export function snippet(tool: Tool, asked: Asked): string {
  return SNIPPETS[tool](asked)
}

const SNIPPETS: Readonly<Record<Tool, (asked: Asked) => string>> = {
  curl: ({ address, model, keyed }) =>
    [
      `curl ${address}/chat/completions`,
      ...(keyed ? [`  -H "authorization: Bearer $${KEY_NAME}"`] : []),
      '  -H "content-type: application/json"',
      `  -d ${inShell(`{"model": ${JSON.stringify(model)},\n       "messages": [{"role": "user", "content": "Hello!"}]}`)}`,
    ].join(' \\\n'),
  openai: ({ address, model, keyed }) =>
    `${keyed ? 'import os\n\n' : ''}from openai import OpenAI

client = OpenAI(base_url="${address}", api_key=${keyInPython(keyed)})
answer = client.chat.completions.create(
    model=${inPython(model)},
    messages=[{"role": "user", "content": "Hello!"}],
)
print(answer.choices[0].message.content)`,
  anthropic: ({ address, model, keyed }) =>
    `${keyed ? 'import os\n\n' : ''}from anthropic import Anthropic

client = Anthropic(base_url="${withoutV1(address)}", api_key=${keyInPython(keyed)})
answer = client.messages.create(
    model=${inPython(model)},
    max_tokens=256,
    messages=[{"role": "user", "content": "Hello!"}],
)
print("".join(part.text for part in answer.content if part.type == "text"))`,
  env: ({ address, model, keyed }) => {
    const key = keyed ? `"$${KEY_NAME}"` : '"not-needed"'
    return `# OpenAI SDK, LangChain, LlamaIndex, Aider, Open WebUI
export OPENAI_BASE_URL="${address}"
export OPENAI_API_BASE="${address}"
export OPENAI_API_KEY=${key}
# Anthropic SDK, Claude Code
export ANTHROPIC_BASE_URL="${withoutV1(address)}"
export ANTHROPIC_AUTH_TOKEN=${key}
export ANTHROPIC_MODEL=${inShell(model)}`
  },
}

const keyInPython = (keyed: boolean): string => (keyed ? `os.environ["${KEY_NAME}"]` : '"not-needed"')

/** JSON's strings are Python's too. */
const inPython = (text: string): string => JSON.stringify(text)

/** In single quotes nothing stands for anything else, but a single quote. */
const inShell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
