import { isIP } from 'node:net'
import { listenSockets } from 'msrp/node'
import { MsrpError } from 'msrp/wire'
import { certifies, loadAuthorities, loadCertificate } from '../certificates/index.ts'
import { type Flaw, type KeyPath, keyName, type ListenSettings, type Settings } from '../config/index.ts'
import { ownListeners } from '../workers/own-listeners.ts'
import { exists } from './durable-file.ts'
import { openRelayUsers } from './user-database.ts'

/**
 * Looks at everything that settings name outside of themselves, and changes nothing: files, certificates, users, and ports
 * unless `ports` is false (a relay that runs has them). What is wrong is told all at once, in the order of the settings.
 */
export async function examine(settings: Settings, options: { ports?: boolean } = {}): Promise<Flaw[]> {
  const found = await Promise.all([
    ...(options.ports === false ? [] : examinePorts(settings)),
    examineCertificate(settings),
    examineAuthorities(settings),
    examineUsers(settings),
  ])
  return found.flat()
}

function examinePorts(settings: Settings): Promise<Flaw[]>[] {
  return [
    ...settings.listen.map((listen, index) => examinePort(['listen', index, 'port'], listen)),
    ...ownListeners(settings).flatMap((own) => own.map((listen) => examinePort(['workers', 'firstPort'], listen))),
  ]
}

function examinePort(path: KeyPath, { host, port }: ListenSettings): Promise<Flaw[]> {
  return attempt(path, async () => {
    const listener = await listenSockets({ host, port, onTransport: (transport) => transport.destroy() })
    await listener.close()
  })
}

async function examineCertificate({ tls, advertised: { name } }: Settings): Promise<Flaw[]> {
  const { certificate, key } = tls
  if (certificate === undefined || key === undefined) return []
  return attempt(['tls', 'certificate'], async () => {
    const { leaf } = await loadCertificate({ certificate, key }, 'correct the files, or tls.certificate and tls.key')
    if (certifies(leaf, name)) return
    throw new MsrpError(
      'storage',
      `${certificate} does not name ${isIP(name) === 0 ? 'the host' : 'the address'} ${name}, so clients would refuse it; have it issued for that name, or correct advertised.name`,
    )
  })
}

async function examineAuthorities({ tls: { ca } }: Settings): Promise<Flaw[]> {
  if (ca === undefined) return []
  return attempt(['tls', 'ca'], () => loadAuthorities(ca, 'correct the file, or tls.ca'))
}

async function examineUsers(settings: Settings): Promise<Flaw[]> {
  const { database } = settings.users
  // The one in the state folder is made by the first start.
  if (database.startsWith(settings.stateFolder) && !(await exists(database))) return []
  return attempt(['users', 'database'], async () => {
    const users = await openRelayUsers(settings)
    await users.close()
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
