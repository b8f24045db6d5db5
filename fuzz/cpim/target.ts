import { buildCpim, type CpimHead, CpimHeadReader, cpimContainer, cpimVerdict, parseCpim } from 'msrp/cpim'
import { MsrpError } from 'msrp/wire'
import { cpim } from '../grammar/cpim.ts'
import { mutated } from '../mutations.ts'
import { Random } from '../random.ts'
import type { Target } from '../target.ts'

const IMDN = 'urn:ietf:params:imdn'

/** The reader of message/cpim: whole and in pieces, and what it has read written and read again. */
export const cpimTarget: Target = {
  run: (seed, index) => {
    const random = new Random(seed, index)
    const bytes = cpimInput(random)
    const limits = random.oneIn(10) ? { headBytes: 100 } : {}
    const whole = read([bytes], limits)
    const cuts = Array.from({ length: 1 + random.size(12) }, () => random.below(bytes.length + 1)).sort((a, b) => a - b)
    const pieces = read(
      [0, ...cuts].map((from, at) => bytes.subarray(from, cuts[at] ?? bytes.length)),
      limits,
    )
    if (whole !== pieces) throw new Error(`whole ${whole}, in pieces ${pieces}`)
    const verdict = cpimVerdict({ contentType: 'message/cpim' }, bytes, limits)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a comment may not hold
    if (verdict !== 'accept' && /[\u0000-\u001f\u007f]/.test(verdict.comment)) throw new Error(verdict.comment)
    cpimContainer.look('message/cpim', bytes)
    writtenAgain(random, bytes)
    return whole.startsWith('{') ? 'read' : whole
  },
  bytes: (seed, index) => cpimInput(new Random(seed, index)),
  slow: 100,
  plainErrors: true,
}

/** The bytes of an execution. */
export function cpimInput(random: Random): Buffer {
  const text = cpim(random)
  return Buffer.from(random.oneIn(3) ? text : mutated(text, random, text), 'latin1')
}

/** Everything there is to read, as one text; of an error its code. */
function read(pieces: readonly Uint8Array[], limits: { headBytes?: number }): string {
  const reader = new CpimHeadReader(limits)
  const rest: Uint8Array[] = []
  let head: CpimHead | undefined
  try {
    for (const piece of pieces) {
      if (head !== undefined) {
        rest.push(piece)
        continue
      }
      const lent = Buffer.from(piece)
      const found = reader.push(lent)
      if (found !== undefined) rest.push(Buffer.from(found.rest))
      head = found?.head
      lent.fill(0x21)
    }
    if (head === undefined) {
      const found = reader.end()
      rest.push(found.rest)
      head = found.head
    }
  } catch (error) {
    if (error instanceof MsrpError) return error.code
    throw error
  }
  const { from, to, cc, dateTime, subjects, required, headers, contentFields, contentType } = head
  const content = Buffer.concat(rest).toString('latin1')
  const own = { subject: head.subject('de'), not: head.notUnderstood(), imdn: head.find(IMDN, 'Message-ID') }
  const date = dateTime?.getTime()
  return JSON.stringify({ from, to, cc, date, subjects, required, headers, contentFields, contentType, content, own })
}

/** What was read as a sender, recipients and subject comes out the same when it is written and read again. */
function writtenAgain(random: Random, bytes: Uint8Array): void {
  try {
    const { head, content, text } = parseCpim(bytes)
    text()
    const { from, to, dateTime, contentType } = head
    if (from === undefined) return
    const [subject] = head.subjects
    const parts = { from, to, dateTime, contentType, namespaces: { imdn: IMDN } }
    const all = { ...parts, ...(subject === undefined || random.oneIn(2) ? {} : { subject: subject.text }) }
    const again = parseCpim(buildCpim(all, content))
    const [before, after] = [head, again.head].map((one) => JSON.stringify([one.from, one.to, one.dateTime?.getTime()]))
    if (before !== after) throw new Error(`${before} was written and is read as ${after}`)
    if (!Buffer.from(content).equals(again.content)) throw new Error('another content when written and read again')
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
  }
}
