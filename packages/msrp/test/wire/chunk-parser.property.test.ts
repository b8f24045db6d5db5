import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ContinuationFlag, encodeEndLine, encodeRequest, encodeResponse, MsrpUri } from '../../src/wire/index.ts'
import { naiveParse } from './naive-codec.ts'
import { binary, cut, record } from './recorder.ts'

const uri = MsrpUri.parse('msrps://a.example:1/x;tcp')
const paths = { toPath: [uri], fromPath: [uri] }

const ident = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9.\-+%=]{3,31}$/)
const flag = fc.constantFrom<ContinuationFlag>('$', '+', '#')

/** Bodies made of what an end-line is made of, as one character a byte. */
function nastyBody(id: string): fc.Arbitrary<string> {
  const piece = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom('\r\n', '\r', '\n', '-', '-------', '------', '--------', '$', '+', '#', id),
    },
    { weight: 2, arbitrary: fc.constantFrom(`\r\n-------${id}`, `-------${id}`, `\r\n-------${id.slice(0, -1)}`) },
    { weight: 1, arbitrary: fc.constantFrom(`\r\n-------${id}x`, `\r\n-------${id}$ `, `\r\n-------${id}$\r`) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1')) },
    { weight: 1, arbitrary: fc.constantFrom('-'.repeat(200), '\r\n'.repeat(50), `\r\n-------${id}!`.repeat(20)) },
  )
  const end = new RegExp(`(^|\r\n)-------${id.replace(/[.+]/g, '\\$&')}[$+#]\r\n`)
  // What follows the body could complete an end-line that the body only begins.
  return fc
    .array(piece, { maxLength: 12 })
    .map((pieces) => pieces.join(''))
    .filter((body) => !end.test(`${body}\r\n-------${id}$\r\n`.slice(0, -1)))
}

const request: fc.Arbitrary<string> = fc
  .record({ id: ident, method: fc.constantFrom('SEND', 'REPORT', 'XYZZY'), flag, withBody: fc.boolean() })
  .chain(({ id, method, flag, withBody }) =>
    nastyBody(id).map((body) => {
      const contentType = withBody ? { contentType: 'a/b' } : {}
      const head = encodeRequest({
        transactionId: id,
        method,
        ...paths,
        fields: [['X-Note', body.slice(0, 3).replace(/[^ -~]/g, '')]],
        ...contentType,
      })
      const end = encodeEndLine(id, flag, { afterBody: withBody })
      return `${text(head)}${withBody ? body : ''}${text(end)}`
    }),
  )

const response = fc
  .record({ id: ident, status: fc.integer({ min: 100, max: 999 }), comment: fc.stringMatching(/^[ -~]{0,20}$/) })
  .map(({ id, status, comment }) => text(encodeResponse({ transactionId: id, status, comment, ...paths })))

const stream = fc
  .array(fc.oneof(request, response, fc.constant('\r\n')), { maxLength: 6 })
  .map((parts) => parts.join(''))
const places = fc.array(fc.nat({ max: 3000 }), { maxLength: 30 })

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function cutAt(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  return cut(bytes, ...at.map((place) => (bytes.length === 0 ? 0 : place % bytes.length)))
}

describe('the parser', () => {
  test('reads what a plain reading of the RFC reads, however the bytes are cut', () => {
    fc.assert(
      fc.property(stream, places, (input, at) => {
        const chunks = naiveParse(input)
        expect(record(cutAt(binary(input), at))).toEqual({ chunks, idle: true })
      }),
      { numRuns: 1000 },
    )
  })

  test('says the same of damaged bytes, however they are cut', () => {
    const damage = fc.array(fc.record({ at: fc.nat({ max: 3000 }), byte: fc.nat({ max: 255 }), drop: fc.boolean() }), {
      maxLength: 3,
    })
    fc.assert(
      fc.property(stream, damage, places, (input, faults, at) => {
        const bytes = [...binary(input)]
        for (const { at, byte, drop } of faults) bytes.splice(at % (bytes.length + 1), 1, ...(drop ? [] : [byte]))
        const damaged = Uint8Array.from(bytes)
        const whole = record([damaged])
        const pieces = record(cutAt(damaged, at))
        if (whole.error === undefined) expect(pieces).toEqual(whole)
        else expect(pieces).toEqual({ ...whole, idle: expect.any(Boolean) })
      }),
      { numRuns: 1000 },
    )
  })

  test('never throws anything but its own error, whatever comes', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      stream.map((input) => binary(`${input}MSRP abcd SEND\r\n`)),
    )
    fc.assert(
      fc.property(noise, (bytes) => void record([bytes])),
      { numRuns: 1000 },
    )
  })
})
