import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type IncomingMessage, listen, prepare, type Session } from 'msrp'
import { buildCpim, openCpim, parseCpim } from 'msrp/cpim'
import { buildMultipart, openMultipart, parseMultipart, readMultipart, signedContent } from 'msrp/multipart'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findProgram, requires } from './support/requires.ts'
import { temporaryFolderOfFile } from './support/temporary-folder.ts'

/** S/MIME as openssl makes it, passed through the library over a socket, and opened again by openssl. */

beforeEach((context) => requires(context, 'openssl'))

const TEXT = 'Content-Type: text/plain; charset=utf-8\r\n\r\nWatson, come here - I want to see you.\r\n'
const parties = { from: 'sip:alice@example.com', to: 'sip:bob@example.com', dateTime: new Date() }

interface Protected {
  contentType: string
  body: Uint8Array
}

let folder = ''
const path = (name: string): string => join(folder, name)
const openssl = (...args: string[]): Buffer =>
  execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder })

beforeAll(() => {
  if (findProgram('openssl') === undefined) return
  folder = temporaryFolderOfFile()
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=Alice']
  openssl('req', '-x509', ...key, '-keyout', 'key.pem', '-out', 'certificate.pem')
})

const signer = ['-signer', 'certificate.pem', '-inkey', 'key.pem', '-md', 'sha256']

/** A multipart/signed, as openssl writes it for e-mail: taken apart into type and body. */
function clearSigned(entity: string | Uint8Array): Protected & { body: Buffer } {
  writeFileSync(path('entity'), entity)
  const mail = openssl('cms', '-sign', '-binary', '-crlfeol', '-in', 'entity', ...signer).toString('latin1')
  const end = mail.indexOf('\r\n\r\n')
  const [, contentType = ''] = /^Content-Type: (.*)\r$/m.exec(mail.slice(0, end + 2)) ?? []
  return { contentType, body: Buffer.from(mail.slice(end + 4), 'latin1') }
}

function signedData(entity: string | Uint8Array): Protected {
  writeFileSync(path('entity'), entity)
  const body = openssl('cms', '-sign', '-binary', '-nodetach', '-outform', 'DER', '-in', 'entity', ...signer)
  return { contentType: 'application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"', body }
}

function encrypted(entity: string | Uint8Array): Protected {
  writeFileSync(path('entity'), entity)
  const how = ['-encrypt', '-binary', '-aes-128-gcm', '-outform', 'DER', '-in', 'entity', 'certificate.pem']
  return { contentType: 'application/pkcs7-mime; smime-type=auth-enveloped-data', body: openssl('cms', ...how) }
}

const trusting = ['-CAfile', 'certificate.pem', '-purpose', 'any', '-binary']

/** What was signed, once openssl has verified it in the form that it has as e-mail. */
function verifiedMail({ contentType, body }: Protected): string {
  writeFileSync(
    path('mail'),
    Buffer.concat([Buffer.from(`MIME-Version: 1.0\r\nContent-Type: ${contentType}\r\n\r\n`), body]),
  )
  // Without -binary, as mail programs do: it reads lines of text.
  return openssl('cms', '-verify', '-in', 'mail', ...trusting.slice(0, -1)).toString()
}

/** The same from what `signedContent` gives. */
function verifiedParts({ contentType, body }: Protected): string {
  const { signed, signature, protocol, micalg } = signedContent(parseMultipart(body, contentType))
  expect([protocol, micalg]).toEqual(['application/pkcs7-signature', 'sha-256'])
  writeFileSync(path('signed'), signed)
  writeFileSync(path('signature'), signature)
  const detached = ['-inform', 'DER', '-in', 'signature', '-content', 'signed']
  return openssl('cms', '-verify', ...detached, ...trusting).toString()
}

function verifiedData({ body }: { body: Uint8Array }): string {
  writeFileSync(path('cms'), body)
  return openssl('cms', '-verify', '-inform', 'DER', '-in', 'cms', ...trusting).toString()
}

function decrypted({ body }: { body: Uint8Array }): Buffer {
  writeFileSync(path('cms'), body)
  return openssl('cms', '-decrypt', '-inform', 'DER', '-in', 'cms', '-inkey', 'key.pem', '-recip', 'certificate.pem')
}

async function passed(
  { contentType, body }: Protected,
  open: (message: IncomingMessage) => Promise<Protected>,
): Promise<Protected> {
  await using listener = await listen({ host: '127.0.0.1' })
  await using sender = await prepare()
  const [out, arrived] = await Promise.all([
    sender.complete(listener.localPath, { active: true }),
    listener[Symbol.asyncIterator]().next(),
  ])
  const sent = out.send(body, { contentType, chunkSize: 2048 })
  const { value: message } = await (arrived.value as Session)[Symbol.asyncIterator]().next()
  const opened = await open(message as IncomingMessage)
  await sent.delivered
  await out.close()
  return opened
}

/** How S/MIME travels, and how it comes out again. */
const WAYS: [string, (content: Protected) => Protected, (message: IncomingMessage) => Promise<Protected>][] = [
  [
    'as a message',
    (content) => content,
    async (message) => ({ contentType: message.contentType, body: await message.bytes() }),
  ],
  [
    'in message/cpim',
    ({ contentType, body }) => ({ contentType: 'message/cpim', body: buildCpim({ ...parties, contentType }, body) }),
    async (message) => {
      const { contentType, bytes } = await openCpim(message)
      return { contentType, body: await bytes() }
    },
  ],
  [
    'in multipart/mixed, read as it arrives',
    ({ contentType, body }) => buildMultipart('mixed', [{ content: 'See below' }, { content: body, contentType }]),
    async (message) => {
      let found: Protected | undefined
      for await (const part of openMultipart(message)) {
        if (part.contentType !== 'text/plain;charset=utf-8')
          found = { contentType: part.contentType, body: await part.bytes() }
      }
      return found!
    },
  ],
  [
    'in multipart/mixed in message/cpim, read as a whole',
    ({ contentType, body }) => {
      const mixed = buildMultipart('mixed', [{ content: body, contentType }, { content: 'behind' }])
      return {
        contentType: 'message/cpim',
        body: buildCpim({ ...parties, contentType: mixed.contentType }, mixed.body),
      }
    },
    async (message) => {
      const { parts } = await readMultipart(await openCpim(message))
      return { contentType: parts[0]!.contentType, body: parts[0]!.bytes() }
    },
  ],
]

describe.each(WAYS)('S/MIME %s comes through byte for byte and verifies:', (_, wrap, open) => {
  test('multipart/signed', async () => {
    const content = clearSigned(TEXT)
    const came = await passed(wrap(content), open)
    expect(Buffer.from(came.body)).toEqual(content.body)
    expect(came.contentType).toBe(content.contentType)
    expect(verifiedMail(came)).toBe(TEXT)
    expect(verifiedParts(came)).toBe(TEXT)
  })

  test('signed-data, and signed first and then encrypted', async () => {
    const signed = signedData(TEXT)
    expect(verifiedData(await passed(wrap(signed), open))).toBe(TEXT)
    const entity = Buffer.concat([Buffer.from(`Content-Type: ${signed.contentType}\r\n\r\n`), signed.body])
    const inside = decrypted(await passed(wrap(encrypted(entity)), open))
    expect(inside.equals(entity)).toBe(true)
  })
})

describe('What is signed may be a message/cpim as a whole, or its content alone (RFC 8591 §9.1):', () => {
  test('the envelope is inside of the signature', async () => {
    const inner = buildCpim(parties, 'Hello')
    const entity = Buffer.concat([Buffer.from('Content-Type: message/cpim\r\n\r\n'), inner])
    const came = await passed(clearSigned(entity), WAYS[0]![2])
    expect(verifiedParts(came)).toBe(entity.toString())
    const { part } = signedContent(parseMultipart(came.body, came.contentType))
    expect(part.contentType).toBe('message/cpim')
    expect(parseCpim(part.bytes()).text()).toBe('Hello')
  })

  test('a part that is signed here is written as it is', async () => {
    const whole = new TextEncoder().encode(TEXT)
    writeFileSync(path('whole'), whole)
    const signature = openssl('cms', '-sign', '-binary', '-outform', 'DER', '-in', 'whole', ...signer)
    const parts = [{ whole }, { content: signature, contentType: 'application/pkcs7-signature; name="smime.p7s"' }]
    const parameters = { protocol: 'application/pkcs7-signature', micalg: 'sha-256' }
    const came = await passed(buildMultipart('signed', parts, { parameters }), WAYS[0]![2])
    expect(verifiedParts(came)).toBe(TEXT)
  })

  test('what was changed on the way does not verify', () => {
    const { contentType, body } = clearSigned(TEXT)
    const changed = Buffer.from(body.toString('latin1').replace('Watson', 'Holmes'), 'latin1')
    expect(() => verifiedParts({ contentType, body: changed })).toThrow(/Verification failure/i)
    expect(readFileSync(path('signed'), 'latin1')).toContain('Holmes')
  })
})
