import { databaseAddress } from '../users/database-address.ts'
import { databaseTlsFlaw, defaultDatabaseTls } from '../users/database-tls.ts'
import { sharedSecretFlaw } from '../users/ephemeral-credentials.ts'
import { listedUserFlaw } from '../users/listed-users.ts'
import { urlFlaw } from '../users/service-url.ts'
import type { Flaw } from './flaw.ts'
import type { EphemeralCredentialsSettings } from './sections/ephemeral-credentials.ts'
import type { SqlSettings, UnfinishedUsers } from './sections/users.ts'

/** The parts of the settings that say who may log in. */
export interface AccountSettings {
  readonly users: UnfinishedUsers
  readonly ephemeralCredentials: EphemeralCredentialsSettings
  readonly unlistedDomains: boolean
}

/** What does not fit together of it: keys that the chosen backend needs, and secrets that are none. */
export function inconsistentUsers({ users, ephemeralCredentials, unlistedDomains }: AccountSettings): Flaw[] {
  const { secrets } = ephemeralCredentials
  const weak = secrets.flatMap((secret, index) => {
    const message = sharedSecretFlaw(secret.reveal())
    return message === undefined ? [] : [{ path: ['ephemeralCredentials', 'secrets', index], message }]
  })
  return [...weak, ...anyDomain(users, unlistedDomains), ...inconsistentBackend(users, secrets.length > 0)]
}

/** A table for one domain would have its users in any domain that an AUTH names: a fresh account in each. */
function anyDomain({ backend, table }: UnfinishedUsers, unlistedDomains: boolean): Flaw[] {
  const isTable = backend === 'postgresql' || backend === 'mariadb'
  if (!isTable || !unlistedDomains || table.domain !== '') return []
  const message = 'must name the column of the domain with unlisted_domains = true'
  return [{ path: ['users', 'table', 'domain'], message }]
}

function inconsistentBackend(users: UnfinishedUsers, hasEphemeral: boolean): Flaw[] {
  const { backend, sql, http, list } = users
  switch (backend) {
    case 'postgresql':
    case 'mariadb': {
      const address = databaseAddress(backend, addressInput(sql))
      if ('what' in address) return [{ path: ['users', 'sql', address.key], message: address.what }]
      const flaw = databaseTlsFlaw(backend, sql.tls ?? defaultDatabaseTls(address), address)
      return flaw === undefined ? [] : [{ path: ['users', 'sql', 'host'], message: flaw }]
    }
    case 'http': {
      const flaw = http.url === undefined ? 'is missing; say where the service is' : urlFlaw(http.url, http.allowHttp)
      return flaw === undefined ? [] : [{ path: ['users', 'http', 'url'], message: flaw }]
    }
    case 'list':
      return list.flatMap(({ user, password, ha1 }, index) => {
        const twice = list.findIndex((other) => other.user === user) < index
        const message = twice
          ? 'is there twice; remove one of them'
          : listedUserFlaw({ user, password: password?.reveal(), ha1: ha1?.reveal() })
        return message === undefined ? [] : [{ path: ['users', 'list', index, 'user'], message }]
      })
    case 'none':
      if (hasEphemeral) return []
      return [
        {
          path: ['users', 'backend'],
          message: 'leaves nobody who could log in; give ephemeral_credentials.secrets too',
        },
      ]
    case 'sqlite':
      return elsewhere(users)
  }
}

/** Whoever says where users are and forgets to choose it would get a database of the relay's own, with nobody in it. */
function elsewhere({ sql, http, list }: UnfinishedUsers): Flaw[] {
  const flaw = (path: Flaw['path'], backend: string): Flaw[] => [
    {
      path: ['users', ...path],
      message: `is of no use with users.backend = "sqlite", the default; did you mean ${backend}?`,
    },
  ]
  const key = (['uri', 'name', 'user', 'password', 'socket'] as const).find((each) => sql[each] !== undefined)
  if (key !== undefined) return flaw(['sql', key], '"postgresql" or "mariadb"')
  if (http.url !== undefined) return flaw(['http', 'url'], '"http"')
  return list.length > 0 ? flaw(['list'], '"list"') : []
}

/** The keys as `databaseAddress` takes them. */
export function addressInput({ uri, host, port, socket, name, user, password }: SqlSettings): {
  uri: string | undefined
  host: string | undefined
  port: number | undefined
  socket: string | undefined
  database: string | undefined
  user: string | undefined
  password: string | undefined
} {
  return { uri: uri?.reveal(), host, port, socket, database: name, user, password: password?.reveal() }
}
