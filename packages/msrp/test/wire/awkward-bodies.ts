/** A whole request that would be believed if a body ended too early. */
const request =
  'MSRP forged123 SEND\r\nTo-Path: msrp://b.example:1/x;tcp\r\nFrom-Path: msrp://a.example:1/y;tcp\r\nMessage-ID: forged\r\n' +
  'Byte-Range: 1-4/4\r\nContent-Type: text/plain\r\n\r\nfire\r\n-------forged123$\r\n'

/** Bodies that look like what stands around them, in a chunk with a given transaction id. */
export const awkwardBodies: readonly (readonly [name: string, body: (id: string) => string])[] = [
  ['nothing', () => ''],
  ['one CRLF', () => '\r\n'],
  ['only CRLFs', () => '\r\n'.repeat(50)],
  ['CR and LF in any order', () => '\r\r\n\n\r\n\r'],
  ['only hyphens', () => '-'.repeat(100)],
  ['an end-line of another id', () => 'x\r\n-------abcd1234$\r\ny'],
  [
    'end-lines of longer ids that begin alike',
    (id) => [0, 1, 9].map((more) => `\r\n-------${id}${more}$\r\n`).join(''),
  ],
  ['its own end-line without flag, and with a wrong one', (id) => `\r\n-------${id}\r\n-------${id}*\r\n`],
  ['its own end-line without CRLF before it', (id) => `x-------${id}$\r\n`],
  ['its own end-line, all but its last byte', (id) => `\r\n-------${id}$\r`],
  ['a whole message', () => request],
  ['several whole messages and a response', () => `\r\n${request}${request}MSRP forged123 200 OK\r\n${request}`],
]

/** Transaction ids of every kind that may come: the shortest, the longest, and every character. */
export const awkwardIds: readonly string[] = ['abcd', 'x'.repeat(32), 'A.-+%=', '0---', '49fh']
