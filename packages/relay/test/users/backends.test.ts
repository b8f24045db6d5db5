import { join } from 'node:path'
import { nodeClock } from 'msrp/node'
import { temporaryFolderOfFile } from '../../../../test/support/temporary-folder.ts'
import { CachedUsers } from '../../src/users/cached-users.ts'
import { EphemeralVerifier } from '../../src/users/ephemeral-credentials.ts'
import { EphemeralUsers } from '../../src/users/ephemeral-users.ts'
import { HttpUsers } from '../../src/users/http-users.ts'
import { createUsers, openUsers } from '../../src/users/index.ts'
import { ListedUsers } from '../../src/users/listed-users.ts'
import type { UserBackend } from '../../src/users/user-backend.ts'
import { describeUserBackend, suiteHa1, suiteUsers } from './user-backend-suite.ts'
import { WebService } from './web-service.ts'

// Those that need no server; the databases are in test/user-databases.long.test.ts.

const listed = suiteUsers.map(({ username, realm, password }) => ({ user: `${username}@${realm}`, password }))

describeUserBackend('in an SQLite file', async () => {
  const path = join(temporaryFolderOfFile(), 'users.sqlite')
  await createUsers(
    path,
    suiteUsers.map(({ username, realm, password }) => ({ username, domain: realm, password })),
  )
  return openUsers(path)
})

describeUserBackend('in the configuration, with passwords', async () => new ListedUsers(listed))

describeUserBackend('in the configuration, with H(A1)', async () => {
  const users = suiteUsers.map((user) => ({
    user: `${user.username}@${user.realm}`,
    ha1: `${suiteHa1(user).toUpperCase()} ${suiteHa1(user, 'sha-256')}`,
  }))
  return new ListedUsers(users)
})

describeUserBackend('with a web service', async () => {
  const service = await WebService.start(({ body: { username, realm, algorithm } }) => {
    const user = suiteUsers.find((one) => one.username === username && one.realm === realm)
    if (user === undefined) return { status: 404 }
    return { status: 200, body: JSON.stringify({ ha1: suiteHa1(user, algorithm === 'MD5' ? 'md5' : 'sha-256') }) }
  })
  const users = new HttpUsers({ url: service.url, allowHttp: false, timeout: 5, connections: 4 })
  const close = users.close.bind(users)
  return Object.assign(users, { close: () => close().then(() => service[Symbol.asyncDispose]()) })
})

describeUserBackend('behind a cache', async () => {
  const users = new ListedUsers(listed)
  return over(users, new CachedUsers(users, { ttl: 60, unknownTtl: 5, users: 100 }, nodeClock))
})

describeUserBackend('behind ephemeral credentials', async () => {
  const users = new ListedUsers(listed)
  const options = { hashes: ['sha1'] as const, separator: '.', clockSkew: 30, maximumTtl: 86_400 }
  const verifier = new EphemeralVerifier({ ...options, secrets: ['a shared secret!'] })
  return over(users, new EphemeralUsers({ verifier, others: users, realms: ['example.com'] }))
})

/** Asks what stands in front of a backend, and does the rest with the backend. */
function over(users: UserBackend, front: Pick<UserBackend, 'ha1'>): UserBackend {
  return {
    description: users.description,
    ha1: (...user) => front.ha1(...user),
    check: () => users.check(),
    close: () => users.close(),
  }
}
