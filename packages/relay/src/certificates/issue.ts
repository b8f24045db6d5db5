import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { isIP } from 'node:net'
import { MsrpError } from 'msrp/wire'
import { isCertifiableName } from './certifiable-name.ts'
import type * as X509 from './x509.ts'

/** A certificate and the private key that belongs to it, both PEM; what TLS calls `cert` and `key`. */
export interface CertifiedKey {
  readonly certificate: string
  readonly key: string
}

const day = 86_400_000
/** Public authorities and the TLS stacks of some phones stop at 397 or 398 days; so do we. */
export const certificateDays = 397
/** Validity of a private authority: ten years. */
export const authorityDays = 3650
/** Validity starts in the past, for the sake of a client whose clock is slow. */
const clockSkew = 3_600_000

/** Loaded only here: it is large, and most starts find their certificates made. */
const loadX509 = (): Promise<typeof X509> => import('./x509.ts')

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** A new ECDSA P-256 private key, PKCS #8 PEM. */
export function createKey(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey
}

/**
 * A certification authority of one's own, valid for ten years. It signs certificates of servers, never another authority.
 * @param options.key PEM; a new one when absent. The same key always gives an authority of the same name.
 */
export async function createAuthority(options: { key?: string; now?: Date } = {}): Promise<CertifiedKey> {
  const key = options.key ?? createKey()
  const subject = `CN=MSRP relay authority ${fingerprint(key)}`
  const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension } = await loadX509()
  const certificate = await certify({
    key,
    subject,
    issuer: { key, subject },
    days: authorityDays,
    now: options.now,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  })
  return { certificate, key }
}

/**
 * A certificate for a relay, signed by `ca`. It serves as TLS server and as TLS client, since relays that are chained
 * authenticate to each other both ways (RFC 4976 §6.3, §9.2).
 * @param options.names host names and IP addresses for the subjectAltName; at least one
 * @param options.key PEM; a new one when absent
 * @param options.days validity, 397 days when absent; ends with the authority at the latest
 * @throws MsrpError `invalid-argument` when a name is neither a host name nor an IP address
 */
export async function issueCertificate(options: {
  names: readonly string[]
  ca: CertifiedKey
  key?: string
  days?: number
  now?: Date
}): Promise<CertifiedKey> {
  const { names, ca, key = createKey(), days = certificateDays, now } = options
  const x509 = await loadX509()
  const authority = new x509.X509Certificate(ca.certificate)
  const certificate = await certify({
    key,
    subject: subjectFor(names),
    issuer: { key: ca.key, subject: authority.subject, notAfter: authority.notAfter },
    days,
    now,
    extensions: leafExtensions(x509, names),
  })
  return { certificate, key }
}

/**
 * A certificate that vouches for itself: whoever trusts this one certificate reaches its names and nothing else.
 * Meant for a receiver that exists for an hour and hands its certificate over together with its path.
 * @param options.names host names and IP addresses for the subjectAltName; at least one
 * @throws MsrpError `invalid-argument` when a name is neither a host name nor an IP address
 */
export async function selfSignedCertificate(options: {
  names: readonly string[]
  days?: number
  now?: Date
}): Promise<CertifiedKey> {
  const { names, days = certificateDays, now } = options
  const x509 = await loadX509()
  const key = createKey()
  const subject = subjectFor(names)
  const certificate = await certify({
    key,
    subject,
    issuer: { key, subject },
    days,
    now,
    extensions: leafExtensions(x509, names),
  })
  return { certificate, key }
}

function leafExtensions(x509: typeof X509, names: readonly string[]): X509.Extension[] {
  const alternatives = names.map((name) => {
    if (!isCertifiableName(name)) {
      throw new MsrpError(
        'invalid-argument',
        `${JSON.stringify(name)} is neither a host name nor an IP address; a certificate cannot name it`,
      )
    }
    return { type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const), value: name }
  })
  const { ExtendedKeyUsage } = x509
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
    // RFC 4976 §9.2: a relay's identity is a dNSName in the subjectAltName.
    new x509.SubjectAlternativeNameExtension(alternatives),
  ]
}

function subjectFor(names: readonly string[]): string {
  const [first] = names
  if (first === undefined) throw new MsrpError('invalid-argument', 'a certificate needs at least one name')
  // X.520 bounds a common name to 64 characters; verifiers read the subjectAltName alone.
  return `CN=${first.length <= 64 && isIP(first) === 0 && isCertifiableName(first) ? first : 'MSRP relay'}`
}

async function certify(options: {
  key: string
  subject: string
  issuer: { key: string; subject: string; notAfter?: Date }
  days: number
  now?: Date
  extensions: X509.Extension[]
}): Promise<string> {
  const { subject, issuer, days, now = new Date(), extensions } = options
  const x509 = await loadX509()
  const signingKey = createPrivateKey(issuer.key)
  const publicKey = await verificationKey(createPrivateKey(options.key))
  const notBefore = new Date(now.getTime() - clockSkew)
  // Both ends count (RFC 5280 §4.1.2.5), hence one second less.
  const notAfter = new Date(notBefore.getTime() + days * day - 1000)
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: issuer.subject,
    notBefore,
    notAfter: issuer.notAfter !== undefined && issuer.notAfter < notAfter ? issuer.notAfter : notAfter,
    publicKey,
    signingKey: await crypto.subtle.importKey('pkcs8', der(signingKey), ecdsa, false, ['sign']),
    signingAlgorithm: ecdsa,
    extensions: [
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(await verificationKey(signingKey)),
    ],
  })
  return `${certificate.toString('pem').trim()}\n`
}

function verificationKey(key: KeyObject): Promise<CryptoKey> {
  return crypto.subtle.importKey('spki', der(createPublicKey(key)), ecdsa, true, ['verify'])
}

function der(key: KeyObject): BufferSource {
  return new Uint8Array(key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'der' }))
}

/** 128 bits, positive and without leading zero octets, as RFC 5280 §4.1.2.2 wants it. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0)
  return bytes.toString('hex')
}

function fingerprint(key: string): string {
  const spki = createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('hex').slice(0, 12)
}
