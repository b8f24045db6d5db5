import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

cryptoProvider.set(webcrypto as Crypto)

/** A certificate and its private key in PEM, as every `tls` option of this library takes them. */
export interface TestCertificate {
  readonly cert: string
  readonly key: string
}

/** What differs from a good certificate of an hour. */
export interface LeafOptions {
  /** Names, addresses and URIs of the subjectAltName extension; none: no such extension. */
  readonly names?: readonly string[]
  readonly commonName?: string
  /** Valid until an hour ago. */
  readonly expired?: boolean
  /** Valid from an hour on. */
  readonly notYetValid?: boolean
  /** RSA of 2048 bits instead of ECDSA P-256. */
  readonly rsa?: boolean
  /** Hash function of a signature of its own. Default SHA-256. */
  readonly hash?: 'SHA-384' | 'SHA-512'
}

/** An authority of its own, for one test file: everything it issues is trusted by whoever is given `ca`. */
export interface TestAuthority {
  /** The authority's certificate in PEM. */
  readonly ca: string
  issue(options: LeafOptions): Promise<TestCertificate>
}

/** Suites of TLS 1.2 for an RSA certificate, by OpenSSL's names, and whether we speak them. */
export const cipherSuites: readonly (readonly [name: string, spoken: boolean])[] = [
  ['ECDHE-RSA-AES128-GCM-SHA256', true],
  ['ECDHE-RSA-AES256-GCM-SHA384', true],
  ['ECDHE-RSA-CHACHA20-POLY1305', true],
  // TLS_RSA_WITH_AES_128_CBC_SHA
  ['AES128-SHA', false],
  ['AES128-GCM-SHA256', false],
  ['ECDHE-RSA-AES128-SHA', false],
  ['ECDHE-RSA-AES256-SHA384', false],
]

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
}

const HOUR = 3_600_000

export async function testAuthority(name = 'Test authority'): Promise<TestAuthority> {
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])
  const root = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    serialNumber: serial(),
    notBefore: new Date(Date.now() - 24 * HOUR),
    notAfter: new Date(Date.now() + 24 * HOUR),
    keys: keys as CryptoKeyPair,
    signingAlgorithm: ECDSA,
    extensions: [
      new BasicConstraintsExtension(true, 1, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  })
  return {
    ca: root.toString('pem'),
    async issue(options: LeafOptions): Promise<TestCertificate> {
      const leaf = await leafKeys(options)
      const certificate = await X509CertificateGenerator.create({
        ...leafFields(options),
        issuer: root.subject,
        publicKey: leaf.publicKey as CryptoKey,
        signingKey: keys.privateKey as CryptoKey,
        signingAlgorithm: ECDSA,
      })
      return { cert: certificate.toString('pem'), key: await keyPem(leaf.privateKey) }
    },
  }
}

/** Signed by nobody but itself. */
export async function selfSigned(options: LeafOptions): Promise<TestCertificate> {
  const keys = await leafKeys(options)
  const { subject, ...fields } = leafFields(options)
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...fields,
    name: subject,
    keys: keys as CryptoKeyPair,
    signingAlgorithm: algorithmOf(options),
  })
  return { cert: certificate.toString('pem'), key: await keyPem(keys.privateKey) }
}

function leafKeys(options: LeafOptions): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithmOf(options), true, [
    'sign',
    'verify',
  ]) as Promise<webcrypto.CryptoKeyPair>
}

function algorithmOf({ rsa, hash }: LeafOptions): typeof RSA | typeof ECDSA {
  return { ...(rsa ? RSA : ECDSA), ...(hash === undefined ? {} : { hash }) }
}

function leafFields(options: LeafOptions): {
  subject: string
  serialNumber: string
  notBefore: Date
  notAfter: Date
  extensions: Extension[]
} {
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
  ]
  const names = options.names ?? []
  if (names.length > 0) {
    const general = names.map((value) => {
      if (isIP(value)) return { type: 'ip' as const, value }
      return { type: value.includes(':') ? ('url' as const) : ('dns' as const), value }
    })
    extensions.push(new SubjectAlternativeNameExtension(general))
  }
  return {
    subject: `CN=${options.commonName ?? 'Test'}`,
    serialNumber: serial(),
    notBefore: new Date(Date.now() + (options.notYetValid ? HOUR : -2 * HOUR)),
    notAfter: new Date(Date.now() + (options.expired ? -HOUR : 2 * HOUR)),
    extensions,
  }
}

let issued = 0

function serial(): string {
  issued += 1
  return (0x1000 + issued).toString(16)
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}
