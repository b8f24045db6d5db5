import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { MsrpError } from 'msrp/wire'
import { storageError } from '../io/storage-error.ts'
import type { CertifiedKey } from './issue.ts'

/** A certificate that was read from a file and found whole. */
export interface LoadedCertificate extends CertifiedKey {
  /** The first certificate of the file, the one that the key belongs to; intermediate ones may follow in `certificate`. */
  readonly leaf: X509Certificate
}

/**
 * Reads a certificate (PEM; intermediate certificates may follow it) and its private key (PEM, not encrypted).
 * @param remedy what the reader of an error should do about a damaged or unfitting file
 * @throws MsrpError `storage` when a file cannot be read, is damaged, or the key is not the certificate's; it names the file
 */
export async function loadCertificate(
  files: { certificate: string; key: string },
  remedy: string,
): Promise<LoadedCertificate> {
  const certificate = await readText(files.certificate)
  const [leaf] = parseCertificates(certificate, files.certificate, remedy)
  const key = await readText(files.key)
  const privateKey = parseKey(key, files.key, remedy)
  if (leaf === undefined || !leaf.checkPrivateKey(privateKey)) {
    throw new MsrpError('storage', `${files.key} is not the key of the certificate in ${files.certificate}; ${remedy}`)
  }
  return { certificate, key, leaf }
}

/**
 * Reads a bundle of authorities' certificates (PEM), for TLS to trust.
 * @returns the certificates, one PEM text each; at least one
 * @throws MsrpError `storage` when the file cannot be read or holds anything but certificates; it names the file
 */
export async function loadAuthorities(file: string, remedy: string): Promise<string[]> {
  return parseCertificates(await readText(file), file, remedy).map((certificate) => certificate.toString())
}

/**
 * The certificates of a PEM text; never none.
 * @throws MsrpError `storage` that names `file`
 */
export function parseCertificates(text: string, file: string, remedy: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g)
  if (blocks === null) throw new MsrpError('storage', `${file} holds no certificate in PEM form; ${remedy}`)
  return blocks.map((block) => {
    try {
      return new X509Certificate(block)
    } catch (cause) {
      throw new MsrpError('storage', `${file} holds a damaged certificate; ${remedy}`, { cause })
    }
  })
}

/**
 * The private key of a PEM text.
 * @throws MsrpError `storage` that names `file`
 */
export function parseKey(text: string, file: string, remedy: string): KeyObject {
  if (/-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    throw new MsrpError(
      'storage',
      `${file} is encrypted, and nobody is there to type a passphrase; store the key without one, mode 0600`,
    )
  }
  try {
    return createPrivateKey(text)
  } catch (cause) {
    throw new MsrpError('storage', `${file} holds no readable private key in PEM form; ${remedy}`, { cause })
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw storageError(error, 'read', file)
  }
}
