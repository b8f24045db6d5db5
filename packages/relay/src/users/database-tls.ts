import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { isLoopback } from '../config/network.ts'
import { storageError } from '../io/storage-error.ts'
import type { DatabaseAddress, DatabaseKind } from './database-address.ts'

/**
 * TLS towards a database. `verify`: its certificate has to be issued by a known authority for its name; `unverified`: any
 * certificate will do, which keeps out listeners but no impostors; `off`.
 */
export type DatabaseTls = 'verify' | 'unverified' | 'off'

/** What both drivers take: options of `tls.connect`. */
export interface DatabaseTlsOptions {
  readonly rejectUnauthorized: boolean
  readonly ca?: string
  readonly servername?: string
}

/** What holds when nothing is said: no TLS where nobody else can listen, otherwise all of it. */
export function defaultDatabaseTls({ host, socket }: DatabaseAddress): DatabaseTls {
  return socket !== undefined || host === 'localhost' || isLoopback(host) ? 'off' : 'verify'
}

/** What is wrong with such TLS towards such an address, to be read after the key of the host; undefined when nothing is. */
export function databaseTlsFlaw(kind: DatabaseKind, mode: DatabaseTls, address: DatabaseAddress): string | undefined {
  const isAddress = address.socket === undefined && isIP(address.host) !== 0
  // mysql2 would hold the certificate against the name localhost then.
  if (kind !== 'mariadb' || mode !== 'verify' || !isAddress) return undefined
  return 'has to be the host name that is in the certificate of the server, since its address is not checked; or set users.sql.tls'
}

/**
 * Options of TLS; undefined for none.
 * @param ca PEM file with the authorities that may have issued the server's certificate; default: those known to Node.js
 * @throws MsrpError `storage` when `ca` cannot be read
 */
export async function databaseTls(
  mode: DatabaseTls,
  address: DatabaseAddress,
  ca: string | undefined,
): Promise<DatabaseTlsOptions | undefined> {
  if (mode === 'off') return undefined
  const name = isIP(address.host) === 0 ? { servername: address.host } : {}
  if (ca === undefined) return { rejectUnauthorized: mode === 'verify', ...name }
  try {
    return { rejectUnauthorized: mode === 'verify', ca: await readFile(ca, 'utf8'), ...name }
  } catch (error) {
    throw storageError(error, 'read', ca)
  }
}
