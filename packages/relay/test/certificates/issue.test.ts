import { createPrivateKey, X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  authorityDays,
  certificateDays,
  createAuthority,
  isCertifiableName,
  issueCertificate,
  selfSignedCertificate,
} from '../../src/certificates/index.ts'
import { handshake } from './handshake.ts'

const day = 86_400_000
const lifetime = (certificate: X509Certificate): number =>
  (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / day

describe('an authority', () => {
  test('signs for ten years with ECDSA P-256, may not make other authorities, and is named after its key', async () => {
    const [one, other] = [await createAuthority(), await createAuthority()]
    const certificate = new X509Certificate(one.certificate)
    expect(certificate.ca).toBe(true)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
    expect(lifetime(certificate)).toBeCloseTo(authorityDays, 3)
    expect(certificate.subject).toMatch(/^CN=MSRP relay authority [\da-f]{12}$/)
    expect(new X509Certificate(other.certificate).subject).not.toBe(certificate.subject)
    expect(new X509Certificate((await createAuthority({ key: one.key })).certificate).subject).toBe(certificate.subject)
  })
})

describe('a certificate', () => {
  test('names hosts and addresses in its subjectAltName, for a server and for a client (RFC4976-9.2-4, RFC4976-9.2-5)', async () => {
    const ca = await createAuthority()
    const issued = await issueCertificate({ names: ['relay.example.com', 'localhost', '127.0.0.1', '::1'], ca })
    const certificate = new X509Certificate(issued.certificate)
    expect(certificate.subject).toBe('CN=relay.example.com')
    expect(certificate.subjectAltName).toBe(
      'DNS:relay.example.com, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    )
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
    expect(certificate.ca).toBe(false)
    expect(certificate.checkIssued(new X509Certificate(ca.certificate))).toBe(true)
    expect(certificate.checkPrivateKey(createPrivateKey(issued.key))).toBe(true)
    expect(certificate.serialNumber).toMatch(/^[4-7][\dA-F]{31}$/)
  })

  test('is valid for at most 397 days, from an hour ago, and never longer than its authority', async () => {
    const now = new Date('2030-01-01T00:00:00Z')
    const ca = await createAuthority({ now })
    const certificate = new X509Certificate((await issueCertificate({ names: ['a.example'], ca, now })).certificate)
    expect(certificate.validFromDate.toISOString()).toBe('2029-12-31T23:00:00.000Z')
    expect(lifetime(certificate)).toBeLessThan(certificateDays)
    expect(lifetime(certificate)).toBeGreaterThan(certificateDays - 0.001)

    const late = new Date(now.getTime() + (authorityDays - 10) * day)
    const short = new X509Certificate((await issueCertificate({ names: ['a.example'], ca, now: late })).certificate)
    expect(short.validToDate).toEqual(new X509Certificate(ca.certificate).validToDate)
  })

  test('can be for a key that is there already', async () => {
    const ca = await createAuthority()
    const first = await issueCertificate({ names: ['a.example'], ca })
    const second = await issueCertificate({ names: ['b.example'], ca, key: first.key })
    expect(second.key).toBe(first.key)
    expect(new X509Certificate(second.certificate).checkPrivateKey(createPrivateKey(first.key))).toBe(true)
  })

  test('of a name longer than a common name may be has it in the subjectAltName alone', async () => {
    const name = `${'a'.repeat(60)}.${'b'.repeat(60)}.example`
    const ca = await createAuthority()
    const certificate = new X509Certificate((await issueCertificate({ names: [name], ca })).certificate)
    expect(certificate.subject).toBe('CN=MSRP relay')
    expect(certificate.checkHost(name, { subject: 'never' })).toBe(name)
  })

  test.each([
    [[], 'a certificate needs at least one name'],
    [['a b'], '"a b" is neither a host name nor an IP address; a certificate cannot name it'],
    [['a.example', ''], '"" is neither a host name nor an IP address; a certificate cannot name it'],
    [['a,CN=b'], '"a,CN=b" is neither a host name nor an IP address; a certificate cannot name it'],
  ])('cannot name %j', async (names, message) => {
    const ca = await createAuthority()
    await expect(issueCertificate({ names, ca })).rejects.toMatchObject({ code: 'invalid-argument', message })
    await expect(selfSignedCertificate({ names })).rejects.toMatchObject({ code: 'invalid-argument', message })
  })
})

test.each([
  ['relay.example.com', true],
  ['*.example.com', true],
  ['localhost', true],
  ['_msrps.example', true],
  ['2001:db8::1', true],
  ['192.0.2.1', true],
  ['-a.example', false],
  ['a..example', false],
  ['a.example.', false],
  ['a.*.example', false],
  ['[::1]', false],
  ['exämple.com', false],
  ['a'.repeat(64), false],
  [`${'a.'.repeat(127)}b`, false],
])('whether a certificate can name %s: %s', (name, expected) => {
  expect(isCertifiableName(name)).toBe(expected)
})

describe('over TLS', () => {
  test('two relays with certificates from one authority authenticate to each other (RFC4976-9.2-5)', async () => {
    const ca = await createAuthority()
    const [server, client] = [
      await issueCertificate({ names: ['localhost', '127.0.0.1'], ca }),
      await issueCertificate({ names: ['other.example'], ca }),
    ]
    const seen = await handshake({ server, client, ca: ca.certificate, servername: 'localhost' })
    expect(seen).toMatchObject({ serverAuthorized: true, clientAuthorized: true, clientNames: 'DNS:other.example' })
  })

  test('a certificate from another authority does not pass, on either side', async () => {
    const [ca, otherCa] = [await createAuthority(), await createAuthority()]
    const server = await issueCertificate({ names: ['localhost'], ca })
    const client = await issueCertificate({ names: ['localhost'], ca: otherCa })
    const seen = await handshake({
      server,
      client,
      ca: otherCa.certificate,
      serverCa: ca.certificate,
      servername: 'localhost',
    })
    expect(seen).toMatchObject({ serverAuthorized: false, clientAuthorized: false })
  })

  test('a self-signed certificate passes for whoever trusts it, and for its names alone', async () => {
    const server = await selfSignedCertificate({ names: ['receiver.example', '127.0.0.1'] })
    const trusting = { server, ca: server.certificate }
    expect(await handshake({ ...trusting, servername: 'receiver.example' })).toMatchObject({ serverAuthorized: true })
    expect(await handshake({ ...trusting, servername: '127.0.0.1' })).toMatchObject({ serverAuthorized: true })
    expect(await handshake({ ...trusting, servername: 'other.example' })).toMatchObject({
      serverAuthorized: false,
      reason: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
    expect(await handshake({ server, servername: 'receiver.example' })).toMatchObject({
      serverAuthorized: false,
      reason: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    })
  })

  test('a self-signed certificate cannot vouch for another one', async () => {
    const receiver = await selfSignedCertificate({ names: ['receiver.example'] })
    const forged = await issueCertificate({ names: ['bank.example'], ca: receiver })
    const seen = await handshake({
      server: { certificate: forged.certificate + receiver.certificate, key: forged.key },
      ca: receiver.certificate,
      servername: 'bank.example',
    })
    expect(seen).toMatchObject({ serverAuthorized: false })
  })
})
