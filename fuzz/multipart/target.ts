import {
  buildMultipart,
  type MultipartLimits,
  multipartContainer,
  parseMultipart,
  partOfUrl,
  rootPart,
} from 'msrp/multipart'
import { MsrpError } from 'msrp/wire'
import { readParts } from '../../packages/msrp/test/multipart/read-parts.ts'
import { multipart } from '../grammar/multipart.ts'
import { mutated } from '../mutations.ts'
import { Random } from '../random.ts'
import type { Target } from '../target.ts'

/** The reader of multiparts: whole and in pieces, and what it has read written and read again. */
export const multipartTarget: Target = {
  run: (seed, index) => {
    const random = new Random(seed, index)
    const { contentType, bytes } = multipartInput(random)
    const limits = random.oneIn(10) ? { parts: 2, headBytes: 60 } : {}
    const whole = read([bytes], contentType, limits)
    const cuts = Array.from({ length: 1 + random.size(12) }, () => random.below(bytes.length + 1)).sort((a, b) => a - b)
    const pieces = [0, ...cuts].map((from, at) => bytes.subarray(from, cuts[at] ?? bytes.length))
    const cut = read(pieces, contentType, limits)
    if (whole !== cut) throw new Error(`whole ${whole}, in pieces ${cut}`)
    multipartContainer.look(contentType, bytes)
    return parsedAgain(bytes, contentType) ?? 'read'
  },
  bytes: (seed, index) => multipartInput(new Random(seed, index)).bytes,
  slow: 100,
  plainErrors: true,
}

function multipartInput(random: Random): { contentType: string; bytes: Buffer } {
  const { contentType, text } = multipart(random)
  return { contentType, bytes: Buffer.from(random.oneIn(3) ? text : mutated(text, random, text), 'latin1') }
}

/** Everything there is to read, as one text; of an error its code, since what was told before depends on the cuts. */
function read(pieces: readonly Uint8Array[], contentType: string, limits: MultipartLimits): string {
  try {
    return JSON.stringify(
      readParts(pieces, contentType, limits).map(
        ({ head: { fields, contentType: type, disposition, contentId }, content }) => [
          [fields, type, disposition, contentId],
          content,
        ],
      ),
    )
  } catch (error) {
    if (error instanceof MsrpError) return error.code
    throw error
  }
}

/** What was read is the same when it is written and read again; gives the code of an error. */
function parsedAgain(bytes: Uint8Array, contentType: string): string | undefined {
  try {
    const parsed = parseMultipart(bytes, contentType)
    rootPart(parsed)
    partOfUrl(parsed, 'cid:1@x')
    const built = buildMultipart(
      'mixed',
      parsed.parts.map(({ whole }) => ({ whole })),
    )
    const again = parseMultipart(built.body, built.contentType)
    const same = again.parts.every(({ whole, content }, index) => {
      const before = parsed.parts[index]
      return (
        before !== undefined &&
        Buffer.compare(whole, before.whole) === 0 &&
        Buffer.compare(content, before.content) === 0
      )
    })
    if (!same || again.parts.length !== parsed.parts.length) throw new Error('other parts when written and read again')
    return undefined
  } catch (error) {
    if (error instanceof MsrpError) return error.code
    throw error
  }
}
