import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MessageReader, MsrpError, type ParserLimits } from '../../src/wire/index.ts'
import { awkwardBodies } from './awkward-bodies.ts'
import { PATHS } from './parsing.ts'
import { block, cut, Recorder, type Recording, record } from './recorder.ts'

/** What a reader makes of these messages, and whether it had to load the parser for it. */
async function read(
  messages: Iterable<Uint8Array>,
  limits?: Partial<ParserLimits>,
): Promise<Omit<Recording, 'idle'> & { loaded: boolean }> {
  const recorder = new Recorder()
  const reader = new MessageReader(recorder, limits)
  let loaded = false
  try {
    const waits: (void | Promise<void>)[] = []
    for (const message of messages) {
      const lent = Uint8Array.from(message)
      waits.push(reader.push(lent))
      lent.fill(0x21)
    }
    loaded = waits.some((wait) => wait !== undefined)
    await Promise.all(waits)
    return { chunks: recorder.chunks, loaded }
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    return { chunks: recorder.chunks, error: error.code, loaded: true }
  }
}

/** The same by the parser. */
function parsed(messages: Iterable<Uint8Array>, limits?: Partial<ParserLimits>): Omit<Recording, 'idle'> {
  const { idle: _, ...rest } = record(messages, limits)
  return rest
}

const whole: readonly (readonly [name: string, text: string])[] = [
  ['a text', `MSRP abcd SEND\n${PATHS}Message-ID: 1234\nContent-Type: text/plain\n\nGrüße\n-------abcd$\n`],
  ['an empty text', `MSRP abcd SEND\n${PATHS}Content-Type: text/plain\n\n\n-------abcd$\n`],
  ['a blank line and no text', `MSRP abcd SEND\n${PATHS}Content-Type: text/plain\n\n-------abcd$\n`],
  ['a request without body', `MSRP abcd SEND\n${PATHS}-------abcd$\n`],
  ['a part of a file', `MSRP abcd SEND\n${PATHS}Content-Type: a/b\n\n${'-'.repeat(5000)}\n-------abcd+\n`],
  ['an abandoned message', `MSRP abcd SEND\n${PATHS}Content-Type: a/b\n\nno\n-------abcd#\n`],
  ['a response', `MSRP abcd 200 OK\n${PATHS}-------abcd$\n`],
  ['a response with words of its own', `MSRP abcd 403 Not here\n${PATHS}X: y\n-------abcd$\n`],
  ['a response with a body', `MSRP abcd 200 OK\n${PATHS}\nignored\n-------abcd$\n`],
  ['a REPORT', `MSRP abcd REPORT\n${PATHS}Message-ID: 1234\nStatus: 000 200 OK\n-------abcd$\n`],
]

const otherwise: readonly (readonly [name: string, text: string])[] = [
  ['two requests in one', `MSRP abcd SEND\n${PATHS}-------abcd$\nMSRP abce SEND\n${PATHS}-------abce$\n`],
  ['an empty line', '\n'],
  ['an empty line before a request', `\nMSRP abcd SEND\n${PATHS}-------abcd$\n`],
  ['half a head', `MSRP abcd SEND\nTo-Path: msrp://b.ex`],
  ['half a body', `MSRP abcd SEND\n${PATHS}Content-Type: a/b\n\nhalf`],
  ['an end-line without its end', `MSRP abcd SEND\n${PATHS}-------abcd$␍`],
  ['an end-line with a flag that is none', `MSRP abcd SEND\n${PATHS}\nx\n-------abcd*\n`],
  ['an end-line within a line', `MSRP abcd 423 Out of bounds\n${PATHS}Min-Exp-------abcd$\n`],
  ['a text that holds its own end-line', `MSRP abcd SEND\n${PATHS}\nx\n-------abcd$\ny\n-------abcd$\n`],
  ['another protocol', 'HTTP/1.1 400 Bad Request\n\n'],
  ['a line that ends with LF alone', `MSRP abcd SEND\n${PATHS}X: y␊-------abcd$\n`],
  ['a line of hyphens among the fields', `MSRP abcd SEND\n${PATHS}-----\n-------abcd$\n`],
  ['no From-Path', 'MSRP abcd SEND\nTo-Path: msrp://b:1/x;tcp\n-------abcd$\n'],
  ['two To-Paths', `MSRP abcd SEND\n${PATHS}To-Path: msrp://b:1/x;tcp\n-------abcd$\n`],
  ['no URI in a path', 'MSRP abcd SEND\nTo-Path: nobody\nFrom-Path: msrp://b:1/x;tcp\n-------abcd$\n'],
  ['a line that is too long', `MSRP abcd SEND\n${PATHS}X: ${'y'.repeat(9000)}\n-------abcd$\n`],
  ['a head that is too long', `MSRP abcd SEND\n${PATHS}${`X: ${'y'.repeat(4000)}\n`.repeat(5)}-------abcd$\n`],
  ['a body that is too long for its method', `MSRP abcd NICKNAME\n${PATHS}\n${'y'.repeat(20_000)}\n-------abcd$\n`],
  ['nothing', ''],
]

describe('A WebSocket message that is one request or response', () => {
  test.each(whole)('is read at once, as the parser reads it: %s', async (_, text) => {
    const messages = [block(text), block(text.replaceAll('abcd', 'wxyz1'))]
    expect(await read(messages)).toEqual({ ...parsed(messages), loaded: false })
  })

  test.each(awkwardBodies)('is read as the parser reads it when its body is %s', async (_, body) => {
    const message = block(`MSRP abcd SEND\n${PATHS}Content-Type: a/b\n\n`)
    const bytes = Uint8Array.from([...message, ...new TextEncoder().encode(`${body('abcd')}\r\n-------abcd$\r\n`)])
    expect(await read([bytes])).toMatchObject(parsed([bytes]))
  })
})

describe('A WebSocket message that is something else', () => {
  test.each(otherwise)('is left to the parser, with all that follows: %s', async (_, text) => {
    const messages = [text, whole[0]![1], whole[6]![1]].map(block)
    expect(await read(messages)).toEqual({ ...parsed(messages), loaded: true })
  })

  test('has the parser go on with requests that are cut anywhere', async () => {
    const bytes = block(whole.map(([, text]) => text).join(''))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (places) => {
        const messages = cut(bytes, ...places)
        expect(await read(messages)).toMatchObject(parsed(messages))
      }),
      { numRuns: 50 },
    )
  })

  test('is taken and refused as by the parser when any of its bytes is another one', async () => {
    const bytes = fc.tuple(fc.constantFrom(...whole), fc.nat(), fc.constantFrom(0, 10, 13, 32, 36, 43, 45, 58, 77, 255))
    await fc.assert(
      fc.asyncProperty(bytes, async ([[, text], place, byte]) => {
        const message = block(text)
        message[place % message.length] = byte
        expect(await read([message])).toMatchObject(parsed([message]))
      }),
      { numRuns: 500 },
    )
  })

  test('is taken within the limits that were given, and no further', async () => {
    const message = block(whole[0]![1])
    for (const limits of [{ headerLineBytes: 30 }, { headerBlockBytes: 100 }, { pathUris: 0 }]) {
      expect(await read([message], limits)).toEqual({ ...parsed([message], limits), loaded: true })
    }
  })
})
