import { describe, expect, it } from 'vitest'
import { spoken, variant } from './index.svelte'
import deFacts from './de/facts'
import deFailures from './de/failures'
import deRefusals from './de/refusals'
import deSaid from './de/said'
import zhFacts from './zh/facts'
import zhFailures from './zh/failures'
import zhRefusals from './zh/refusals'
import zhSaid from './zh/said'
import { core } from './phrases'
import samples from './said.samples.json'
import { voice } from './voice'

const de = voice(deFacts, [deSaid, deFailures, deRefusals], 'de-DE')
const zh = voice(zhFacts, [zhSaid, zhFailures, zhRefusals], 'zh-CN')

describe('what the server says', () => {
  it('is said by the template it was made of, with numbers as the language writes them', () => {
    const text = 'of GPU 0 it needs 24.5 GiB, and 21.3 GiB may be used (memory_fraction 0.9)'
    expect(de.told(text)).toBe('GPU 0: Es braucht 24,5 GiB, und 21,3 GiB dürfen benutzt werden (memory_fraction 0,9)')
    expect(zh.told(text)).toBe('GPU 0：需要 24.5 GiB，可用 21.3 GiB（memory_fraction 0.9）')
  })

  it('is said within another sentence too, whose capital and full stop stay', () => {
    expect(de.told('It fits, but it may take all of main memory; the estimate is close to its size.')).toBe(
      'Es passt, aber es braucht vielleicht alles (Hauptspeicher); die Schätzung liegt nahe an der Größe.',
    )
    expect(zh.told('qwen could not be started: the GPU ran out of memory')).toBe('qwen 无法启动：显存耗尽')
    expect(de.told('The disk is full.')).toBe('Die Platte ist voll.')
    expect(zh.told('The disk is full.')).toBe('磁盘已满。')
  })

  it('keeps the full stop of a sentence that stands before another', () => {
    const text = 'Its log shows what it wrote. It is tried again in 5 s.'
    expect(de.told(text)).toBe('Sein Protokoll zeigt, was er schrieb. In 5 s wird es neu versucht.')
    expect(zh.told(text)).toBe('其日志显示了它的输出。将在 5 秒后重试。')
  })

  it('tells what became of a call of a tool', () => {
    const cancelled = 'the call was cancelled. Whether it did anything nobody can tell.'
    expect(de.told(cancelled)).toBe('der Aufruf wurde abgebrochen. Ob er etwas bewirkt hat, weiß niemand.')
    const ended =
      'the call failed: the server ended while the call ran, or the connection to it broke. Whether it did anything nobody can tell.'
    expect(zh.told(ended)).toBe('调用失败：调用期间服务器已退出，或与它的连接中断。是否已产生影响无从得知。')
    const notMade = 'the call was not made: its sign-in has run out. Sign in again.'
    expect(de.told(notMade)).toBe('der Aufruf wurde nicht gemacht: die Anmeldung bei ihm ist abgelaufen. Melde dich noch einmal an.')
    expect(zh.told(notMade)).toBe('未进行调用：其登录已过期。请重新登录。')
    const notAsked = 'the server sums can not be asked: its sign-in has run out. Sign in again.'
    expect(zh.told(notAsked)).toBe('无法询问服务器 sums：其登录已过期。请重新登录。')
    expect(de.told('the person did not allow this call: not now')).toBe('dieser Aufruf wurde nicht erlaubt: not now')
  })

  it('leaves the words of a server, a tool and a person as they are', () => {
    const words = 'Error: EXAMPLE_API_KEY is required.'
    const before = 'its program ended before it answered (status 3): '
    expect(de.told(before + words)).toBe(`sein Programm endete, bevor es antwortete (status 3): ${words}`)
    expect(zh.told(before + words).endsWith(words)).toBe(true)
    expect(de.told('the server files can not be asked: its program ended (status 1): the disk is full')).toBe(
      'der Server files kann nicht gefragt werden: sein Programm endete (status 1): the disk is full',
    )
    const long = `the disk is full. ${'x '.repeat(150)}`.trim()
    expect(de.told(`the tool says: ${long}`)).toBe(`das Werkzeug sagt: ${long}`)
    expect(zh.told('the person did not allow this call: The disk is full.')).toContain('The disk is full.')
  })

  it('tells one change after the other', () => {
    expect(de.told('Lower context_length to 24576, set enforce_eager: it then needs 21.4 of 23.6 GiB.')).toBe(
      'context_length auf 24.576 senken, enforce_eager einschalten: Dann braucht es 21,4 von 23,6 GiB.',
    )
  })

  it('says the pieces of what is put together', () => {
    expect(de.told('qwen failed 3 times in a row and is left alone for 60 s: the disk is full')).toBe(
      'qwen scheiterte 3 Mal in Folge und bleibt 60 s in Ruhe: die Platte ist voll',
    )
    expect(de.told('there is no room for qwen: llama is pinned and 1 model(s) may be resident at once')).toBe(
      'kein Platz für qwen: llama ist fest und 1 Modell darf zugleich geladen sein',
    )
    expect(zh.told('there is no room for qwen: llama is pinned and 1 model(s) may be resident at once')).toBe(
      '没有 qwen 的空间：llama 已固定，最多同时加载 1 个模型',
    )
    expect(de.told('packages: downloading, 2 of 153 MiB')).toBe('Pakete: lädt herunter, 2 von 153 MiB')
    expect(de.told('the cli asked')).toBe('auf der Befehlszeile verlangt')
    expect(de.told('max_resident should be a whole number from 0 to 64, not 99')).toBe(
      'max_resident soll eine ganze Zahl von 0 bis 64 sein, nicht 99',
    )
  })

  it('has the right form for one and for many', () => {
    expect(de.told('it still works on 1 request(s)')).toBe('es arbeitet noch an 1 Anfrage')
    expect(de.told('it still works on 3 request(s)')).toBe('es arbeitet noch an 3 Anfragen')
  })

  it('stays as it is where nobody knows words for it, and a name is no sentence', () => {
    expect(de.told('a sentence of tomorrow')).toBe('a sentence of tomorrow')
    expect(de.told('there is no model stopped')).toBe('es gibt kein Modell stopped')
  })

  it('answers why with the sentence of the fact that it quotes', () => {
    const fact = { type: 'recipe-archived', sentence: 'The recipe qwen was archived.', data: { recipe_id: 'qwen' } }
    const known = new Map([[core(fact.sentence), de.sentence(fact)]])
    const answer = 'qwen was evicted at 14:02:11, because the recipe qwen was archived.'
    expect(de.told(answer, known)).toBe('14:02:11: qwen wurde entladen. Grund: Das Rezept qwen wurde archiviert.')
    expect(de.told('qwen was evicted at 14:02:11, because the request 01a2 of key laptop asked for llama.')).toBe(
      '14:02:11: qwen wurde entladen. Grund: die Anfrage 01a2 (von: Schlüssel laptop) verlangte llama.',
    )
  })
})

describe('a fact', () => {
  it('is said by its type, from its own data', () => {
    const fact = { type: 'engine-became-ready', sentence: 'qwen answers after 14.2 s.', data: { recipe_id: 'qwen', seconds: 14.2 } }
    expect(de.sentence(fact)).toBe('qwen antwortet nach 14 s.')
    expect(zh.sentence(fact)).toBe('qwen 在 14 秒后开始响应。')
  })

  it('takes the sentence of its kind', () => {
    const evicted = { kind: 'evict', target: null, seconds: 2, switch_id: 'x' }
    expect(de.sentence({ type: 'switch-completed', sentence: '', data: evicted })).toBe('Nach 2 s erledigt: alles entladen.')
    expect(de.sentence({ type: 'switch-requested', sentence: '', data: { kind: 'switch', target: 'qwen' } })).toBe(
      'Gewünscht: zu qwen wechseln.',
    )
  })

  it('leaves out what was not', () => {
    const data = { reason: 'the window asked', cut: 0 }
    expect(de.sentence({ type: 'app-stopped', sentence: '', data })).toBe('vLLM Studio wurde beendet: im Fenster verlangt.')
    expect(de.sentence({ type: 'app-stopped', sentence: '', data: { ...data, cut: 1 } })).toBe(
      'vLLM Studio wurde beendet: im Fenster verlangt; 1 laufende Anfrage wurde abgebrochen.',
    )
  })

  it('of a newer version, or without its data, stays as the server said it', () => {
    expect(de.sentence({ type: 'of-tomorrow', sentence: 'It rained.', data: {} })).toBe('It rained.')
    expect(de.sentence({ type: 'app-started', sentence: 'vLLM Studio 1 started.' })).toBe('vLLM Studio 1 started.')
  })
})

describe('the tray', () => {
  it.each(samples)('says the same of: $english', ({ english, ...said }) => {
    expect({ de: de.told(english), zh: zh.told(english) }).toEqual(said)
  })
})

describe('the language', () => {
  it('is the first of the browser’s that we speak', () => {
    expect(spoken(['fr-FR', 'zh-Hans-CN', 'en'])).toBe('zh')
    expect(spoken(['zh'])).toBe('zh')
    expect(spoken(['fr'])).toBe('en')
  })

  it('has a variant for numbers that is written the same way', () => {
    expect(variant('de', ['en-US', 'de-CH'])).toBe('de-CH')
    expect(variant('zh', ['zh-TW', 'zh-SG'])).toBe('zh-SG')
    expect(variant('zh', ['zh-TW'])).toBe('zh-Hans')
    expect(variant('en', ['c', 'en-GB'])).toBe('en-GB')
  })
})
