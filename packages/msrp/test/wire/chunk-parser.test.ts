import { describe, expect, test } from 'vitest'
import { block, cut, type RecordedChunk, type Recording, record } from './recorder.ts'

const paths = `To-Path: msrp://bob.example.com:8888/9di4eae923wzd;tcp
From-Path: msrp://alicepc.example.com:7777/iau39soe2843z;tcp
`
const pathFields = paths.trimEnd().split('\n')

interface Case {
  name: string
  /** Line ends stand for CRLF, ␍ and ␊ for CR and LF alone. */
  input: string
  chunks?: RecordedChunk[]
  error?: string
  /** False when the input ends inside a chunk. */
  idle?: boolean
}

/** A SEND with id a786hjs2 whose body, CRLF and end-line are `tail`. */
function send(tail: string): string {
  return `MSRP a786hjs2 SEND\n${paths}Message-ID: 87652491\nContent-Type: text/plain\n\n${tail}`
}

function sent(body: string, flag: '$' | '+' | '#' = '$'): RecordedChunk {
  const fields = [...pathFields, 'Message-ID: 87652491', 'Content-Type: text/plain']
  return { start: 'a786hjs2 SEND', fields, body: Buffer.from(block(body)).toString('latin1'), flag }
}

const bodies: Case[] = [
  { name: 'a body ends before the CRLF of its end-line', input: send('Hi\n-------a786hjs2$\n'), chunks: [sent('Hi')] },
  { name: 'the flag + says that more follows', input: send('Hi\n-------a786hjs2+\n'), chunks: [sent('Hi', '+')] },
  {
    name: 'the flag # says that the rest never comes',
    input: send('Hi\n-------a786hjs2#\n'),
    chunks: [sent('Hi', '#')],
  },
  { name: 'an empty body is a body', input: send('\n-------a786hjs2$\n'), chunks: [sent('')] },
  {
    name: 'an end-line directly after the blank line ends an empty body',
    input: send('-------a786hjs2$\n'),
    chunks: [sent('')],
  },
  { name: 'a body of one CRLF', input: send('\n\n-------a786hjs2$\n'), chunks: [sent('\n')] },
  { name: 'a body of CRLFs only', input: send('\n\n\n\n\n-------a786hjs2$\n'), chunks: [sent('\n\n\n\n')] },
  { name: 'a body that ends with CR', input: send('x␍\n-------a786hjs2$\n'), chunks: [sent('x␍')] },
  { name: 'a body of one hyphen', input: send('-\n-------a786hjs2$\n'), chunks: [sent('-')] },
  {
    name: 'a body of hyphens of every number around seven',
    input: send(`${[5, 6, 7, 8, 9].map((count) => '-'.repeat(count)).join('\n')}\n-------a786hjs2$\n`),
    chunks: [sent([5, 6, 7, 8, 9].map((count) => '-'.repeat(count)).join('\n'))],
  },
  {
    name: 'eight hyphens and the id are body',
    input: send('x\n--------a786hjs2$\n-------a786hjs2$\n'),
    chunks: [sent('x\n--------a786hjs2$')],
  },
  {
    name: 'an end-line with another id is body',
    input: send('x\n-------a786hjs3$\n-------a786hjs$\n-------a786hjs22$\n-------a786hjs2$\n'),
    chunks: [sent('x\n-------a786hjs3$\n-------a786hjs$\n-------a786hjs22$')],
  },
  {
    name: 'an end-line with the id in another case is body',
    input: send('x\n-------A786HJS2$\n-------a786hjs2$\n'),
    chunks: [sent('x\n-------A786HJS2$')],
  },
  {
    name: 'an end-line without valid flag is body',
    input: send('x\n-------a786hjs2!\n-------a786hjs2\n-------a786hjs2$\n'),
    chunks: [sent('x\n-------a786hjs2!\n-------a786hjs2')],
  },
  {
    name: 'an end-line that does not begin a line is body',
    input: send('x-------a786hjs2$\ny\n-------a786hjs2$\n'),
    chunks: [sent('x-------a786hjs2$\ny')],
  },
  {
    name: 'an end-line after LF alone or CR alone is body',
    input: send('x␊-------a786hjs2$␍-------a786hjs2$\n-------a786hjs2$\n'),
    chunks: [sent('x␊-------a786hjs2$␍-------a786hjs2$')],
  },
  {
    name: 'an end-line that ends with LF alone or CR alone is body',
    input: send('x\n-------a786hjs2$␊\n-------a786hjs2$␍x\n-------a786hjs2$\n'),
    chunks: [sent('x\n-------a786hjs2$␊\n-------a786hjs2$␍x')],
  },
  {
    name: 'an end-line with more behind its flag is body',
    input: send('x\n-------a786hjs2$ \n-------a786hjs2$\n'),
    chunks: [sent('x\n-------a786hjs2$ ')],
  },
  {
    name: 'a CR too many behind a look-alike, directly before the end-line',
    input: send('x\n-------a786hjs2$␍\n-------a786hjs2$\n'),
    chunks: [sent('x\n-------a786hjs2$␍')],
  },
  {
    name: 'a beginning of the end-line inside the beginning of the end-line',
    input: send('x\n\n-------a786\n\n\n-------a786hjs2$\n'),
    chunks: [sent('x\n\n-------a786\n\n')],
  },
  {
    name: 'forty end-lines with another id, after which the search changes its way',
    input: send(`${'-------a786hjs3$\n'.repeat(40)}x\n-------a786hjs2$\n`),
    chunks: [sent(`${'-------a786hjs3$\n'.repeat(40)}x`)],
  },
  {
    name: 'forty end-lines with the id and no flag',
    input: send(`${'-------a786hjs2!\n'.repeat(40)}x\n-------a786hjs2$\n`),
    chunks: [sent(`${'-------a786hjs2!\n'.repeat(40)}x`)],
  },
  {
    name: 'a whole other request in the body is body',
    input: send(
      `${send('inner\n-------a786hjs9$')}\n-------a786hjs2$\n`.replace('MSRP a786hjs2', 'MSRP a786hjs9'),
    ).replace('MSRP a786hjs9', 'MSRP a786hjs2'),
    chunks: [sent(send('inner\n-------a786hjs9$'))],
  },
]

const requests: Case[] = [
  {
    name: 'RFC4975-7.1-8: an end-line directly after the fields means that there is no body',
    input: `MSRP d93kswow SEND\n${paths}Message-ID: 12339sdqwer\nByte-Range: 1-0/0\n-------d93kswow$\n`,
    chunks: [
      { start: 'd93kswow SEND', fields: [...pathFields, 'Message-ID: 12339sdqwer', 'Byte-Range: 1-0/0'], flag: '$' },
    ],
  },
  {
    name: 'a Content-Type without blank line does not make a body',
    input: `MSRP d93kswow SEND\n${paths}Content-Type: text/plain\n-------d93kswow$\n`,
    chunks: [{ start: 'd93kswow SEND', fields: [...pathFields, 'Content-Type: text/plain'], flag: '$' }],
  },
  {
    name: 'a blank line makes a body even without Content-Type',
    input: `MSRP d93kswow SEND\n${paths}\nx\n-------d93kswow$\n`,
    chunks: [{ start: 'd93kswow SEND', fields: pathFields, body: 'x', flag: '$' }],
  },
  {
    name: 'several requests and responses in one piece',
    input: `${send('Hi\n-------a786hjs2$\n')}MSRP a786hjs2 200 OK\n${paths}-------a786hjs2$\n${send('Ho\n-------a786hjs2+\n')}`,
    chunks: [sent('Hi'), { start: 'a786hjs2 200 OK', fields: pathFields, flag: '$' }, sent('Ho', '+')],
  },
  {
    name: 'CRLFs between chunks are passed over',
    input: `\n\n${send('Hi\n-------a786hjs2$\n')}\n\n\n${send('Ho\n-------a786hjs2$\n')}\n`,
    chunks: [sent('Hi'), sent('Ho')],
  },
  {
    name: 'methods that are not known',
    input: `MSRP d93kswow XYZZY\n${paths}-------d93kswow$\n`,
    chunks: [{ start: 'd93kswow XYZZY', fields: pathFields, flag: '$' }],
  },
  ...['abc', '49fh', 'x'.repeat(32), 'a.-+%=', '0--', 'A-------b'].map((id) => ({
    name: `the transaction id ${id}`,
    input: `MSRP ${id} SEND\n${paths}\n-------x$\n-------${id}$\n`,
    chunks: [{ start: `${id} SEND`, fields: pathFields, body: '-------x$', flag: '$' as const }],
  })),
  {
    name: 'header names in any case, values with colons, fields that are not known and none twice alike',
    input: `MSRP d93kswow SEND\n${paths.toUpperCase().replaceAll('MSRP:', 'msrp:').replaceAll('TCP', 'tcp')}x-one: a: b:c\nX-ONE:d\nx-two:   \t e \t\nX-Empty:\n-------d93kswow$\n`,
    chunks: [
      {
        start: 'd93kswow SEND',
        fields: [
          'TO-PATH: msrp://BOB.EXAMPLE.COM:8888/9DI4EAE923WZD;tcp',
          'FROM-PATH: msrp://ALICEPC.EXAMPLE.COM:7777/IAU39SOE2843Z;tcp',
          'x-one: a: b:c',
          'X-ONE: d',
          'x-two: e',
          'X-Empty: ',
        ],
        flag: '$',
      },
    ],
  },
  {
    name: 'paths that do not come first, and From-Path before To-Path',
    input: `MSRP d93kswow SEND\nMessage-ID: abcd\n${pathFields.toReversed().join('\n')}\n-------d93kswow$\n`,
    chunks: [{ start: 'd93kswow SEND', fields: ['Message-ID: abcd', ...pathFields.toReversed()], flag: '$' }],
  },
]

const responses: Case[] = [
  {
    name: 'a response without comment',
    input: `MSRP d93kswow 200\n${paths}-------d93kswow$\n`,
    chunks: [{ start: 'd93kswow 200', fields: pathFields, flag: '$' }],
  },
  {
    name: 'a response with an empty comment',
    input: `MSRP d93kswow 200 \n${paths}-------d93kswow$\n`,
    chunks: [{ start: 'd93kswow 200', fields: pathFields, flag: '$' }],
  },
  {
    name: 'a response with a long comment',
    input: `MSRP d93kswow 481 There is: no such session\n${paths}-------d93kswow$\n`,
    chunks: [{ start: 'd93kswow 481 There is: no such session', fields: pathFields, flag: '$' }],
  },
  {
    name: 'a body in a response is skipped',
    input: `MSRP d93kswow 200 OK\n${paths}\nbody\n-------d93kswow$\n${send('Hi\n-------a786hjs2$\n')}`,
    chunks: [{ start: 'd93kswow 200 OK', fields: pathFields, flag: '$' }, sent('Hi')],
  },
  {
    name: 'the 423 of Kamailio, where unset memory stands before the end-line',
    input: `MSRP d93kswow 423 Interval Out Of Bounds\n${paths}\u0000\u0001abc def-------d93kswow$\n${send('Hi\n-------a786hjs2$\n')}`,
    chunks: [{ start: 'd93kswow 423 Interval Out Of Bounds', fields: pathFields, flag: '$' }, sent('Hi')],
  },
  {
    name: 'a field that ends like an end-line is a field in every other response',
    input: `MSRP d93kswow 200 OK\n${paths}X: -------d93kswow$\n-------d93kswow$\n`,
    chunks: [{ start: 'd93kswow 200 OK', fields: [...pathFields, 'X: -------d93kswow$'], flag: '$' }],
  },
  {
    name: 'a field that ends like an end-line is a field in a request',
    input: `MSRP d93kswow SEND\n${paths}X: -------d93kswow$\n-------d93kswow$\n`,
    chunks: [{ start: 'd93kswow SEND', fields: [...pathFields, 'X: -------d93kswow$'], flag: '$' }],
  },
]

const incomplete: Case[] = [
  { name: 'nothing', input: '', chunks: [], idle: true },
  { name: 'one CRLF', input: '\n', chunks: [], idle: true },
  { name: 'half a protocol name', input: 'MSR', chunks: [], idle: false },
  { name: 'half a head', input: `MSRP d93kswow SEND\n${paths}Mess`, chunks: [], idle: false },
  { name: 'half a body', input: send('Hi'), chunks: [{ ...sent('Hi'), flag: undefined }], idle: false },
  {
    name: 'an end-line without its last LF',
    input: send('Hi\n-------a786hjs2$␍'),
    chunks: [{ ...sent('Hi'), flag: undefined }],
    idle: false,
  },
]

const broken: Case[] = [
  { name: 'another protocol', input: 'GET / HTTP/1.1\n\n', error: 'malformed' },
  { name: 'another protocol without a line end', input: 'SIP/2.0', error: 'malformed' },
  { name: 'TLS', input: '\u0016\u0003\u0001\u0002', error: 'malformed' },
  { name: 'the protocol name in small letters', input: 'msrp d93kswow SEND\n', error: 'malformed' },
  { name: 'no transaction id', input: 'MSRP SEND\n', error: 'malformed' },
  { name: 'an id of two characters', input: 'MSRP ab SEND\n', error: 'malformed' },
  { name: 'an id of 33 characters', input: `MSRP ${'x'.repeat(33)} SEND\n`, error: 'malformed' },
  { name: 'an id that begins with a hyphen', input: 'MSRP -abc SEND\n', error: 'malformed' },
  { name: 'an id with other characters', input: 'MSRP ab_c SEND\n', error: 'malformed' },
  { name: 'a method in small letters', input: 'MSRP d93kswow send\n', error: 'malformed' },
  { name: 'no method', input: 'MSRP d93kswow \n', error: 'malformed' },
  { name: 'two spaces in the start-line', input: 'MSRP d93kswow  SEND\n', error: 'malformed' },
  { name: 'a space after the method', input: 'MSRP d93kswow SEND \n', error: 'malformed' },
  { name: 'a status of two digits', input: 'MSRP d93kswow 20 OK\n', error: 'malformed' },
  { name: 'a status of four digits', input: 'MSRP d93kswow 2000 OK\n', error: 'malformed' },
  { name: 'a status below 100', input: 'MSRP d93kswow 099 OK\n', error: 'malformed' },
  { name: 'a comment with a control character', input: 'MSRP d93kswow 200 O\u0007K\n', error: 'malformed' },
  { name: 'no paths', input: 'MSRP d93kswow SEND\n-------d93kswow$\n', error: 'malformed' },
  { name: 'no To-Path', input: `MSRP d93kswow SEND\n${pathFields[1]}\n-------d93kswow$\n`, error: 'malformed' },
  { name: 'no From-Path', input: `MSRP d93kswow SEND\n${pathFields[0]}\n-------d93kswow$\n`, error: 'malformed' },
  { name: 'no paths in a response', input: 'MSRP d93kswow 200 OK\n-------d93kswow$\n', error: 'malformed' },
  {
    name: 'two To-Path fields',
    input: `MSRP d93kswow SEND\n${paths}${pathFields[0]}\n-------d93kswow$\n`,
    error: 'malformed',
  },
  {
    name: 'two From-Path fields, the second in another case',
    input: `MSRP d93kswow SEND\n${paths}${pathFields[1]?.replace('From', 'from')}\n-------d93kswow$\n`,
    error: 'malformed',
  },
  {
    name: 'an empty To-Path',
    input: `MSRP d93kswow SEND\nTo-Path: \n${pathFields[1]}\n-------d93kswow$\n`,
    error: 'malformed',
  },
  {
    name: 'a URI in From-Path that is none',
    input: `MSRP d93kswow SEND\n${pathFields[0]}\nFrom-Path: sip:a@example.com\n-------d93kswow$\n`,
    error: 'malformed',
  },
  {
    name: 'an end-line of another id after the fields',
    input: `MSRP d93kswow SEND\n${paths}-------d93kswox$\n`,
    error: 'malformed',
  },
  {
    name: 'an end-line without flag after the fields',
    input: `MSRP d93kswow SEND\n${paths}-------d93kswow\n`,
    error: 'malformed',
  },
  {
    name: 'LF alone at the end of a field',
    input: `MSRP d93kswow SEND\n${paths}X: y␊-------d93kswow$\n`,
    error: 'malformed',
  },
  {
    name: 'LF alone at the end of a start-line',
    input: `MSRP d93kswow SEND␊${paths}-------d93kswow$\n`,
    error: 'malformed',
  },
  {
    name: 'LF alone as the blank line',
    input: `MSRP d93kswow SEND\n${paths}␊x\n-------d93kswow$\n`,
    error: 'malformed',
  },
  { name: 'CR alone between chunks', input: '␍MSRP', error: 'malformed' },
  { name: 'LF alone between chunks', input: '␊MSRP', error: 'malformed' },
]

function reads(cases: readonly Case[]): void {
  test.each(cases)('$name', ({ input, chunks = [], error, idle = error === undefined }) => {
    const bytes = block(input)
    const whole = record([bytes])
    const expected: Recording = { chunks, idle: whole.idle, ...(error === undefined ? {} : { error }) }
    expect(whole).toEqual(expected)
    if (error === undefined) expect(whole.idle).toBe(idle)
    expect(record(cut(bytes, ...bytes.keys()))).toEqual({ ...expected, idle: expect.any(Boolean) })
    for (let offset = 1; offset < bytes.length; offset++) {
      expect(record(cut(bytes, offset)), `cut at ${offset}`).toEqual({ ...expected, idle: expect.any(Boolean) })
    }
  })
}

describe('RFC4975-7.1-10: where a body ends', () => reads(bodies))
describe('requests', () => reads(requests))
describe('responses', () => reads(responses))
describe('what is not complete yet', () => reads(incomplete))
describe('what ends a connection', () => reads(broken))
