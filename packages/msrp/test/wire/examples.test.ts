import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  ChunkParser,
  digestResponse,
  encodeEndLine,
  encodePaths,
  encodeRequest,
  encodeResponse,
  formatAuthenticationInfo,
  formatByteRange,
  formatChallenge,
  formatCredentials,
  formatNonceCount,
  formatStatus,
  type Hash,
  type Head,
  ha1,
  isAnswerable,
  MsrpUri,
  parseCredentials,
  type RequestHead,
  type ResponseHead,
  requestFlaw,
  rewriteRequestHead,
  rewriteResponse,
  rspauth,
} from '../../src/wire/index.ts'
import { block, plain } from './recorder.ts'

const hash: Hash = (algorithm, text) =>
  createHash(algorithm === 'md5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex')

const alice = MsrpUri.parse('msrp://alicepc.example.com:7777/iau39soe2843z;tcp')
const bob = MsrpUri.parse('msrp://bob.example.com:8888/9di4eae923wzd;tcp')

interface Received {
  head: Head
  body: string
  flag: string
}

function receive(bytes: Uint8Array): Received[] {
  const received: Received[] = []
  const parser = new ChunkParser({
    onHead: (head) => received.push({ head, body: '', flag: '' }),
    onBody: (piece) => {
      const last = received.at(-1)
      if (last !== undefined) last.body += new TextDecoder().decode(piece)
    },
    onEnd: (flag) => {
      const last = received.at(-1)
      if (last !== undefined) last.flag = flag
    },
  })
  parser.push(bytes)
  expect(parser.idle).toBe(true)
  return received
}

function theRequest(bytes: Uint8Array): RequestHead {
  const [first] = receive(bytes)
  if (first?.head.kind !== 'request') throw new Error('Not a request')
  return first.head
}

function theResponse(bytes: Uint8Array): ResponseHead {
  const [first] = receive(bytes)
  if (first?.head.kind !== 'response') throw new Error('Not a response')
  return first.head
}

describe('RFC 4975 §11.1: a message and its response', () => {
  const bytes = block(`MSRP d93kswow SEND
To-Path: msrp://bob.example.com:8888/9di4eae923wzd;tcp
From-Path: msrp://alicepc.example.com:7777/iau39soe2843z;tcp
Message-ID: 12339sdqwer
Byte-Range: 1-16/16
Content-Type: text/plain

Hi, I'm Alice!\u0020\u0020
-------d93kswow$
`)

  test('the message', () => {
    const [chunk, ...more] = receive(bytes)
    expect(more).toEqual([])
    expect(chunk).toMatchObject({ body: "Hi, I'm Alice!  ", flag: '$' })
    const head = theRequest(bytes)
    expect(head).toMatchObject({ transactionId: 'd93kswow', method: 'SEND', hasBody: true })
    expect(head.fields).toMatchObject({
      messageId: '12339sdqwer',
      byteRange: { start: 1, end: 16, total: 16 },
      contentType: 'text/plain',
      successReport: false,
      failureReport: 'yes',
    })
    expect(head.fields.toPath.map((uri) => uri.equals(bob))).toEqual([true])
    expect(head.fields.fromPath.map((uri) => uri.equals(alice))).toEqual([true])
    expect(requestFlaw(head)).toBeUndefined()
  })

  test('its response', () => {
    const { transactionId, fields } = theRequest(bytes)
    const response = encodeResponse({ transactionId, status: 200, toPath: fields.fromPath, fromPath: fields.toPath })
    expect(plain(response)).toBe(`MSRP d93kswow 200 OK
To-Path: msrp://alicepc.example.com:7777/iau39soe2843z;tcp
From-Path: msrp://bob.example.com:8888/9di4eae923wzd;tcp
-------d93kswow$
`)
  })
})

describe('RFC 4975 §11.4: a message in two chunks', () => {
  test('both parts come with the range of the whole', () => {
    const cpim = 'To: Bob <sip:bob@example.com>\nFrom: Alice <sip:alice@example.com>\nContent-Type: text/plain\n\nABCD'
    const chunks = receive(
      block(`MSRP d93kswow SEND
To-Path: ${bob}
From-Path: ${alice}
Message-ID: 12339sdqwer
Byte-Range: 1-105/115
Content-Type: message/cpim

${cpim}
-------d93kswow+
MSRP op2nc9a SEND
To-Path: ${bob}
From-Path: ${alice}
Message-ID: 12339sdqwer
Byte-Range: 106-115/115
Content-Type: message/cpim

1234567890
-------op2nc9a$
`),
    )
    expect(chunks.map(({ body, flag }) => [body.replaceAll('\r\n', '\n'), flag])).toEqual([
      [cpim, '+'],
      ['1234567890', '$'],
    ])
    expect(chunks.map(({ head }) => head.fields.byteRange?.start)).toEqual([1, 106])
  })
})

test('RFC 4975 §11.5: a message that wants neither report', () => {
  const { fields } = theRequest(
    block(`MSRP d93kswow SEND
To-Path: ${alice}
From-Path: ${bob}
Message-ID: 12339sdqwer
Byte-Range: 1-3/3
Failure-Report: no
Success-Report: no
Content-Type: text/plain

Bye
-------d93kswow$
`),
  )
  expect([fields.failureReport, fields.successReport]).toEqual(['no', false])
})

test('RFC 4975 §11.6: a success report', () => {
  const head = encodeRequest({
    transactionId: 'dkei38sd',
    method: 'REPORT',
    toPath: [alice],
    fromPath: [bob],
    fields: [
      ['Status', formatStatus(200)],
      ['Byte-Range', formatByteRange({ start: 1, end: 106, total: 106 })],
      ['Message-ID', '12339sdqwer'],
    ],
  })
  const bytes = Buffer.concat([head, encodeEndLine('dkei38sd', '$', { afterBody: false })])
  expect(plain(bytes)).toBe(`MSRP dkei38sd REPORT
To-Path: msrp://alicepc.example.com:7777/iau39soe2843z;tcp
From-Path: msrp://bob.example.com:8888/9di4eae923wzd;tcp
Message-ID: 12339sdqwer
Byte-Range: 1-106/106
Status: 000 200 OK
-------dkei38sd$
`)
  const report = theRequest(bytes)
  expect(requestFlaw(report)).toBeUndefined()
  expect(report.fields.status).toEqual({ namespace: '000', code: 200, comment: 'OK' })
})

describe('RFC 4976 §5.1: authentication with a second relay through a first one', () => {
  const client = MsrpUri.parse('msrps://alice.example.com:9892/98cjs;tcp')
  const token = MsrpUri.parse('msrps://intra.example.com:9000/jui787s2f;tcp')
  const extra = MsrpUri.parse('msrps://extra.example.com;tcp')
  const secret = ha1(hash, 'md5', 'Alice', 'extra.example.com', 'secret')
  const nc = formatNonceCount(1)

  test('challenge, credentials and proof go through the first relay and agree', () => {
    const withoutBody = (id: string, head: Uint8Array): Buffer =>
      Buffer.concat([head, encodeEndLine(id, '$', { afterBody: false })])

    // Client to intra to extra, which challenges.
    const toPath = [token, extra]
    const asked = theRequest(
      withoutBody('mnbvw', encodeRequest({ transactionId: 'mnbvw', method: 'AUTH', toPath, fromPath: [client] })),
    )
    const forwarded = { transactionId: 'm2nbvw', paths: encodePaths([extra], [token, client]) }
    const reached = theRequest(withoutBody('m2nbvw', rewriteRequestHead(asked, forwarded)))
    expect(reached.fields.get('Authorization')).toBeUndefined()
    const challenge = formatChallenge({ realm: 'extra.example.com', nonce: 'Uumu8cAV38FG', algorithm: 'md5' })
    const refusal = theResponse(
      encodeResponse({
        transactionId: 'm2nbvw',
        status: 401,
        toPath: reached.fields.fromPath,
        fromPath: reached.fields.toPath,
        fields: [['WWW-Authenticate', challenge]],
      }),
    )
    const back = { transactionId: 'mnbvw', paths: encodePaths([client], [token, extra]) }
    const answer = theResponse(rewriteResponse(refusal, back))
    expect(answer.fields.fromPath.map(String)).toEqual([String(token), String(extra)])

    // The client answers the challenge; the URI is the rightmost one of To-Path.
    const [offered] = answer.fields.wwwAuthenticate.filter(isAnswerable)
    if (offered === undefined) throw new Error('No challenge')
    const uri = String(toPath.at(-1))
    const input = { algorithm: offered.algorithm, ha1: secret, nonce: offered.nonce, nc, cnonce: '85a0dca8', uri }
    const { realm, nonce, algorithm } = offered
    const credentials = {
      username: 'Alice',
      realm,
      nonce,
      algorithm,
      uri,
      nc,
      cnonce: '85a0dca8',
      response: digestResponse(hash, input),
    }
    const again = theRequest(
      withoutBody(
        'm3nbvx',
        encodeRequest({
          transactionId: 'm3nbvx',
          method: 'AUTH',
          toPath,
          fromPath: [client],
          fields: [['Authorization', formatCredentials(credentials)]],
        }),
      ),
    )
    const checked = theRequest(
      withoutBody('m4nbvx', rewriteRequestHead(again, { ...forwarded, transactionId: 'm4nbvx' })),
    )

    // The second relay computes the same from what it received, and proves that it knows the password.
    const given = parseCredentials(checked.fields.get('Authorization') ?? '')
    if (given.algorithm === undefined) throw new Error('No credentials')
    const own = { ...given, algorithm: given.algorithm, ha1: secret, uri: String(checked.fields.toPath.at(-1)) }
    expect(digestResponse(hash, own)).toBe(given.response)
    const info = formatAuthenticationInfo({
      nextnonce: 'bz8V080G',
      rspauth: rspauth(hash, own),
      cnonce: given.cnonce,
      nc: given.nc,
    })
    const accepted = theResponse(
      encodeResponse({
        transactionId: 'm4nbvx',
        status: 200,
        toPath: checked.fields.fromPath,
        fromPath: checked.fields.toPath,
        fields: [
          ['Use-Path', `${token} msrps://extra.example.com:9000/mywdEe1233;tcp`],
          ['Authentication-Info', info],
          ['Expires', '1800'],
        ],
      }),
    )
    const { fields } = theResponse(rewriteResponse(accepted, { ...back, transactionId: 'm3nbvx' }))
    expect(fields.authenticationInfo?.rspauth).toBe(rspauth(hash, input))
    expect(fields.authenticationInfo?.nextnonce).toBe('bz8V080G')
    expect(fields.usePath?.map((hop) => hop.authorityKey)).toEqual([
      'msrps://intra.example.com:9000',
      'msrps://extra.example.com:9000',
    ])
    expect(fields.expires).toBe(1800)
  })
})
