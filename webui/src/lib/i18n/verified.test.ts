// What a verification says of a log that is not what was written: seldom seen, and then to be understood.
import { describe, expect, it } from 'vitest'
import deFacts from './de/facts'
import deFailures from './de/failures'
import deRefusals from './de/refusals'
import deSaid from './de/said'
import { voice } from './voice'
import zhFacts from './zh/facts'
import zhFailures from './zh/failures'
import zhRefusals from './zh/refusals'
import zhSaid from './zh/said'

const de = voice(deFacts, [deSaid, deFailures, deRefusals], 'de-DE')
const zh = voice(zhFacts, [zhSaid, zhFailures, zhRefusals], 'zh-CN')

const AT = 'The checkpoint at position 2007 of the main log'
const OUTSIDE = 'The checkpoint of 12 events that is kept outside'
const FOLLOWS = 'This log follows the log vls-a1, of which 310 events could be read (a broken page).'
const KEY = 'vls-a1+0b1c+AdY='
const CLAIMS = [
  'The checkpoint in the log is true of the lines before it, and signed.',
  'All 3 checkpoints in the log are true of the lines before them, and signed.',
  `${AT} is about lines after it.`,
  `${AT} does not hold: no signature under the note is by a known key.`,
  `${OUTSIDE} does not hold: the signature of vls-a1 does not belong to this text.`,
  `${AT} does not hold.`,
  `${AT} is not what was signed.`,
  `${OUTSIDE} names 12 events, but the log has 9: its end was cut off.`,
  `${OUTSIDE} is of other lines: something from position 5 to 12 was changed.`,
  'The log begins with the checkpoint kept outside: its first 12 events are all there.',
  'The log begins with each of the 4 checkpoints kept outside: its first 1200 events are all there.',
  'Whether anything after position 12 was cut off: no checkpoint outside says so.',
  'No read model here is one that this version makes.',
  'The tables of the read model timeline are not as it makes them.',
  'The read model usage (requests) is not what the log adds up to.',
  'usage cannot take position 7: KeyError in fold.py',
  'All 9 read models are what the log adds up to.',
  "All 9 read models are what the log adds up to; 2 are another version's and will be made anew.",
  'The file is damaged: row 3 missing from index log_tiles.',
  'The log was last opened by a newer version of vLLM Studio.',
  'The list of steps by which the tables were made is broken.',
  'The file does not say that it is a log of vLLM Studio.',
  'Tables and append-only triggers are those that were made. They are those of an earlier version.',
  'The trigger events_are_kept is not the one that was made.',
  "Somebody added the view lies to the log's file.",
  'The live log of 2026-11 is there and counts, whatever lies beside it.',
  'usage-2026-11.segment is lost: it was sealed with 40 events, and nobody recorded that it was erased.',
  'The 31 requests of 2026-11 were erased (old); what was signed for stays: 40 events with the root Zm9v.',
  'It is the log vls-b2, not vls-a1.',
  'Of the lines 1 to 256 one is not what was written.',
  'Its 40 lines do not give the root that was recorded for it.',
  'block 2 of usage-2026-11 lacks lines.',
  'usage-2026-11.segment is no whole segment: its format is 9.',
  'The note in usage-2026-11: a note is a text, an empty line and signatures.',
  'The note was signed for something else.',
  'usage-2026-11.sums is lost: the sums of 2026-11.',
  'usage-2026-11.sums does not hold the sums that were recorded.',
  'It was sealed while this was verified: the next verification looks at it.',
  'The log names no key yet: nothing in it was ever signed, by the key given or by another.',
  `The key given is the one that the log names; it replaced another: ${KEY}`,
  `The key given is the one that the log names: ${KEY}. That another signed before it says the log alone, for nothing that the key given signed covers that yet.`,
  'Every log that the main log speaks of is here. 2 others, by other keys, have checkpoints in the same place.',
  'A checkpoint is kept outside of a log that is not here: vls-b2. The log was replaced, or taken away.',
  `${FOLLOWS} How many it had, no checkpoint outside says.`,
  `${FOLLOWS} A checkpoint was signed for 400: at least 90 were lost.`,
  `${FOLLOWS} They are not those that its checkpoint outside was signed for.`,
  `${FOLLOWS} Its newest checkpoint was of 310.`,
  '2 notes kept outside are not whole, the first: a checkpoint is three lines: origin, size, root.',
  '2 notes kept outside are not whole, the first: a note holds no control characters. They were passed over.',
  'The file can not be read: disk I/O error.',
  '300 lines were written, and 299 are there.',
  'The tile over lines 1 to 256 is not that of these lines.',
  'There is a tile 4 of level 0 over lines that are not there.',
  "Times are what this machine's clock said; it stepped back 3 times, first at position 88.",
  'The order is broken: position 9 stands where 8 should.',
  'The order is broken: it is version 4 of its stream, after 2.',
]
/** What is written in letters of the machine in any language. */
const SAME = /vLLM Studio|vls-\w+|usage-[\w.-]+|\bold\b|a broken page|disk I\/O error|row 3 [\w ]+|KeyError in [\w.]+|its format is \d/g
const ENGLISH = /\b(the|is|are|were|of|not|that|its?|been|nobody|another)\b/i

describe('a verification', () => {
  it.each(CLAIMS)('says in every language: %s', (claim) => {
    for (const language of [de, zh]) expect(language.told(claim).replace(SAME, '')).not.toMatch(ENGLISH)
    expect(zh.told(claim).replace(SAME, '')).not.toMatch(/[a-z]+ [a-z]+ [a-z]+/)
  })

  it('says it well', () => {
    expect(de.told(CLAIMS[4]!)).toBe(
      'Der außerhalb verwahrte Prüfpunkt über 12 Ereignisse hält nicht stand: die Signatur von vls-a1 gehört nicht zu diesem Text.',
    )
    expect(zh.told(CLAIMS[7]!)).toBe('保存在外部的 12 个事件的检查点记有 12 个事件，而日志只有 9 个：末尾被截断。')
    expect(de.told(CLAIMS[10]!)).toBe(
      'Das Protokoll beginnt mit jedem der 4 außerhalb verwahrten Prüfpunkte: Seine ersten 1.200 Ereignisse sind alle da.',
    )
    expect(de.told(`${AT} does not hold.`)).toBe('Der Prüfpunkt an Position 2.007 des Hauptprotokolls hält nicht stand.')
    expect(de.told(`${FOLLOWS} Its newest checkpoint was of 310.`)).toBe(
      'Dieses Protokoll folgt dem Protokoll vls-a1, von dem 310 Ereignisse lesbar waren (a broken page). Sein neuester Prüfpunkt galt 310 Ereignissen.',
    )
  })
})
