import { access, constants } from 'node:fs/promises'
import { dirname } from 'node:path'
import { listenSockets } from 'msrp/node'
import { MsrpError } from 'msrp/wire'
import { AdminToken } from '../admin/token.ts'
import { type LoadedCertificate, loadAuthorities, loadCertificate } from '../certificates/index.ts'
import { type Flaw, type KeyPath, keyName, type ListenSettings, type Settings } from '../config/index.ts'
import { ownListeners } from '../workers/own-listeners.ts'
import { certificateFlaws } from './certified-names.ts'
import { exists } from './durable-file.ts'
import { isIpv6Alone } from './listeners.ts'
import { storageError } from './storage-error.ts'
import { openUserBackend } from './user-backends.ts'
import { openRelayUsers } from './user-database.ts'

/**
 * Looks at everything that settings name outside of themselves, and changes nothing: files, certificates, users, and ports
 * unless `ports` is false (a relay that runs has them). What is wrong is told all at once, in the order of the settings.
 */
export async function examine(settings: Settings, options: { ports?: boolean } = {}): Promise<Flaw[]> {
  const found = await Promise.all([
    ...(options.ports === false ? [] : examinePorts(settings)),
    examineCertificates(settings),
    examineAuthorities(settings),
    examineUsers(settings),
    examineAdmin(settings, options),
    ...(['file', 'database'] as const).map((place) => examineAccounting(settings, place)),
  ])
  return found.flat()
}

function examinePorts(settings: Settings): Promise<Flaw[]>[] {
  return [
    ...settings.listen.map((listen, index) => examinePort(['listen', index, 'port'], listen, settings.listen)),
    ...ownListeners(settings).flatMap((own) => own.map((listen) => examinePort(['workers', 'firstPort'], listen, own))),
  ]
}

function examinePort(path: KeyPath, listen: ListenSettings, all: readonly ListenSettings[]): Promise<Flaw[]> {
  const { host, port } = listen
  return attempt(path, () => listenOnce({ host, port, ipv6Only: isIpv6Alone(listen, all) }))
}

async function listenOnce(where: { host: string; port: number; ipv6Only?: boolean }): Promise<void> {
  const listener = await listenSockets({ ...where, onTransport: (transport) => transport.destroy() })
  await listener.close()
}

async function examineCertificates(settings: Settings): Promise<Flaw[]> {
  const flaws: Flaw[] = []
  const load = async (path: KeyPath, files: Partial<Files>): Promise<LoadedCertificate | undefined> => {
    const { certificate, key } = files
    if (certificate === undefined || key === undefined) return undefined
    let loaded: LoadedCertificate | undefined
    const keys = `${keyName([...path, 'certificate'])} and ${keyName([...path, 'key'])}`
    const unreadable = [
      ...(await attempt([...path, 'certificate'], () => checkReadable(certificate))),
      ...(await attempt([...path, 'key'], () => checkReadable(key))),
    ]
    flaws.push(...unreadable)
    if (unreadable.length > 0) return undefined
    const found = await attempt([...path, 'certificate'], async () => {
      loaded = await loadCertificate({ certificate, key }, `correct the files, or ${keys}`)
    })
    flaws.push(...found)
    return loaded
  }
  const server = await load(['tls'], settings.tls)
  const ofDomains = new Map<number, LoadedCertificate>()
  for (const [index, domain] of settings.domains.entries()) {
    const loaded = await load(['domains', index], domain)
    if (loaded !== undefined) ofDomains.set(index, loaded)
  }
  // Of names it is said nothing where a certificate is missing that may have them.
  return flaws.length > 0 ? flaws : certificateFlaws({ server, ofDomains }, settings)
}

async function checkReadable(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK)
  } catch (error) {
    throw storageError(error, 'read', file)
  }
}

interface Files {
  readonly certificate: string
  readonly key: string
}

async function examineAuthorities({ tls: { ca } }: Settings): Promise<Flaw[]> {
  if (ca === undefined) return []
  return attempt(['tls', 'ca'], () => loadAuthorities(ca, 'correct the file, or tls.ca'))
}

async function examineUsers(settings: Settings): Promise<Flaw[]> {
  const { backend, database } = settings.users
  // Whether a database answers says nothing of a start: the relay begins without it, too.
  if (backend !== 'sqlite') return attempt(['users'], async () => (await openUserBackend(settings.users)).close())
  // The one in the state folder is made by the first start.
  if (database.startsWith(settings.stateFolder) && !(await exists(database))) return []
  return attempt(['users', 'database'], async () => {
    const users = await openRelayUsers(settings)
    await users.close()
  })
}

async function examineAdmin({ admin }: Settings, options: { ports?: boolean }): Promise<Flaw[]> {
  const { host = '127.0.0.1', port, token } = admin
  const weak = token === undefined ? [] : await attempt(['admin', 'token'], async () => new AdminToken(token.reveal()))
  if (port === undefined || options.ports === false) return weak
  const taken = await attempt(['admin', 'port'], () => listenOnce({ host, port }))
  return [...taken, ...weak]
}

async function examineAccounting({ accounting }: Settings, place: 'file' | 'database'): Promise<Flaw[]> {
  const path = accounting[place]
  if (path === undefined) return []
  return attempt(['accounting', place], async () => {
    try {
      await access((await exists(path)) ? path : dirname(path), constants.W_OK)
    } catch (error) {
      throw storageError(error, 'write', path)
    }
  })
}

async function attempt(path: KeyPath, action: () => Promise<unknown>): Promise<Flaw[]> {
  try {
    await action()
    return []
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    return [{ path, message: `${keyName(path)}: ${error.message}`, code: error.code }]
  }
}
