import type { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { MsrpError } from 'msrp/wire'
import { createFile, exists, ownerOnly, readableByAll, replaceFile } from '../io/durable-file.ts'
import { storageError } from '../io/storage-error.ts'
import { createAuthority, createKey, issueCertificate } from './issue.ts'
import { type LoadedCertificate, loadCertificate, parseKey } from './load.ts'

/** What a relay runs on that was given no certificate from elsewhere. */
export interface PrivateCertificates {
  /** The relay's certificate and key. */
  readonly server: LoadedCertificate
  /** The authority that signed it. Its certificate is for `--ca`, and for trusting other relays it certified. */
  readonly authority: LoadedCertificate
  /** Where the authority's certificate lies. */
  readonly authorityFile: string
  /** What this start made or renewed. */
  readonly made: readonly ('authority' | 'certificate')[]
}

/** A certificate with less validity than this is renewed at start, in milliseconds. */
const renewBefore = 30 * 86_400_000

/**
 * The relay's own authority and certificate in `folder` (`ca.pem`, `ca.key`, `server.pem`, `server.key`): made at the
 * first start, used again at the next ones. A certificate is renewed, under the same key, when less than 30 days are
 * left or when it does not name all of `names`.
 *
 * Two processes may do this at the same time, and any of them may be killed at any point: a key is created first and
 * by one process alone, and everything else follows from the key, so whatever is found can be completed.
 * @param folder exists already
 * @param options.names host names and IP addresses of the relay
 * @throws MsrpError `storage` when a file is damaged, does not fit, or cannot be read or written; it names the file
 */
export async function ensurePrivateCertificates(
  folder: string,
  options: { names: readonly string[]; now?: Date },
): Promise<PrivateCertificates> {
  const { names, now = new Date() } = options
  const authorityFiles = { certificate: join(folder, 'ca.pem'), key: join(folder, 'ca.key') }
  const serverFiles = { certificate: join(folder, 'server.pem'), key: join(folder, 'server.key') }

  const authority = await ensurePair(authorityFiles, {
    certify: async (key) => (await createAuthority({ key, now })).certificate,
    usable: (certificate) => isTimely(certificate, now),
  })
  if (!authority.pair.leaf.ca) {
    throw new MsrpError(
      'storage',
      `${authorityFiles.certificate} is not the certificate of an authority; ${remedyFor(authorityFiles)}`,
    )
  }
  const server = await ensurePair(serverFiles, {
    certify: async (key) => (await issueCertificate({ names, ca: authority.pair, key, now })).certificate,
    usable: (certificate) =>
      isTimely(certificate, now) &&
      certificate.verify(authority.pair.leaf.publicKey) &&
      names.every((name) => certifies(certificate, name)),
  })
  return {
    server: server.pair,
    authority: authority.pair,
    authorityFile: authorityFiles.certificate,
    made: [...(authority.made ? (['authority'] as const) : []), ...(server.made ? (['certificate'] as const) : [])],
  }
}

/** True when the subjectAltName of `certificate` holds `name`: a host name, or an IP address in any spelling. */
export function certifies(certificate: X509Certificate, name: string): boolean {
  return isIP(name) === 0
    ? certificate.checkHost(name, { subject: 'never' }) !== undefined
    : certificate.checkIP(name) !== undefined
}

interface Files {
  readonly certificate: string
  readonly key: string
}

async function ensurePair(
  files: Files,
  make: { certify(key: string): Promise<string>; usable(certificate: X509Certificate): boolean },
): Promise<{ pair: LoadedCertificate; made: boolean }> {
  const remedy = remedyFor(files)
  let made = false
  if (!(await exists(files.certificate))) {
    await createFile(files.certificate, await make.certify(await ensureKey(files.key, remedy)), readableByAll)
    made = true
  } else if (!(await exists(files.key))) {
    throw new MsrpError(
      'storage',
      `${files.key} is missing, though its certificate ${files.certificate} is there; ${remedy}`,
    )
  }
  const pair = await loadCertificate(files, remedy)
  if (make.usable(pair.leaf)) return { pair, made }
  await replaceFile(files.certificate, await make.certify(pair.key), readableByAll)
  return { pair: await loadCertificate(files, remedy), made: true }
}

async function ensureKey(file: string, remedy: string): Promise<string> {
  if (!(await exists(file))) await createFile(file, createKey(), ownerOnly)
  try {
    const text = await readFile(file, 'utf8')
    parseKey(text, file, remedy)
    return text
  } catch (error) {
    throw storageError(error, 'read', file)
  }
}

function isTimely(certificate: X509Certificate, now: Date): boolean {
  return certificate.validFromDate <= now && certificate.validToDate.getTime() - now.getTime() >= renewBefore
}

function remedyFor(files: Files): string {
  return `restore it from a backup, or remove ${files.certificate} and ${files.key} so that the next start makes new ones`
}
