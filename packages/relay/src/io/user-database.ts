import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MsrpError } from 'msrp/wire'
import type { UserSettings } from '../config/sections/users.ts'
import type { Settings } from '../config/settings.ts'
import {
  createUsers,
  formatUserAddress,
  generatePassword,
  type NewUser,
  openUsers,
  type UserDatabase,
} from '../users/index.ts'
import { createFile, exists, ownerOnly, replaceFile } from './durable-file.ts'
import { ensureFolder } from './ensure-folder.ts'
import { storageError } from './storage-error.ts'

/** A user to try the relay with. */
export interface TryoutUser {
  /** Such as `alice@localhost`. */
  readonly address: string
  /** File with the password, mode 0600. Undefined when the user has another password by now. */
  readonly passwordFile?: string
}

const tryoutNames = ['alice', 'bob']

/**
 * Opens the user database of the settings. The default one, in the state folder, is made when it is missing, with two
 * users, each with a random password in a file beside it. A database that the settings name is made, empty, only when
 * `create` says so: a relay that is given a wrong path must not go on with nobody in it.
 * @throws MsrpError `storage` in one line that names the file, what is wrong with it and what to do; `invalid-argument` when
 *   the users are not in a file, with where they are changed
 */
export async function openRelayUsers(
  settings: Pick<Settings, 'users' | 'stateFolder' | 'realm'>,
  options: { create?: boolean } = {},
): Promise<UserDatabase> {
  const elsewhere = managedElsewhere[settings.users.backend]
  if (elsewhere !== undefined) {
    throw new MsrpError('invalid-argument', `users.backend is "${settings.users.backend}": ${elsewhere}`)
  }
  const path = settings.users.database
  if (await exists(path)) return openUsers(path)
  if (path === join(settings.stateFolder, 'users.sqlite')) {
    await ensureFolder(settings.stateFolder)
    await createUsers(path, await Promise.all(tryoutNames.map((username) => tryoutUser(settings, username))))
  } else if (options.create === true) {
    await createUsers(path)
  } else {
    throw new MsrpError(
      'storage',
      `there is no user database ${path}; add a first user with "msrp relay user add", or correct users.database in the configuration`,
    )
  }
  return openUsers(path)
}

const subscribers =
  'the users are in the table of subscribers and are changed there, with Kamailio by "kamctl add NAME@DOMAIN PASSWORD", with OpenSIPS by "opensips-cli -x user add NAME@DOMAIN PASSWORD"'

/** Where users are changed, by backends that are not ours to change. */
const managedElsewhere: Readonly<Record<UserSettings['backend'], string | undefined>> = {
  sqlite: undefined,
  postgresql: subscribers,
  mariadb: subscribers,
  http: 'the users are those of the web service at users.http.url and are changed there',
  list: 'the users stand in the configuration, as [[users.list]], and are changed there',
  none: 'there are no users, only credentials that "msrp relay credentials" or a web application makes',
}

/** The two users made up at the first start, as far as `users` still has them. */
export async function tryoutUsers(settings: Settings, users: UserDatabase): Promise<TryoutUser[]> {
  const found: TryoutUser[] = []
  for (const username of tryoutNames) {
    const user = { username, domain: settings.realm }
    if ((await users.ha1(username, settings.realm, 'md5')) === undefined) continue
    const file = passwordFile(settings, username)
    // Somebody may have changed the password since, and a file that does not work would only confuse.
    const works = (await exists(file)) && (await users.verify(user, await readPassword(file)))
    found.push({ address: formatUserAddress(user), passwordFile: works ? file : undefined })
  }
  return found
}

/** The file comes first and the database follows it, so that a start that was cut off between them can be completed. */
async function tryoutUser(settings: Pick<Settings, 'stateFolder' | 'realm'>, username: string): Promise<NewUser> {
  const file = passwordFile(settings, username)
  await createFile(file, `${generatePassword()}\n`, ownerOnly)
  if ((await readPassword(file)) === '') await replaceFile(file, `${generatePassword()}\n`, ownerOnly)
  return { username, domain: settings.realm, password: await readPassword(file) }
}

function passwordFile(settings: Pick<Settings, 'stateFolder'>, username: string): string {
  return join(settings.stateFolder, `${username}.password`)
}

async function readPassword(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    throw storageError(error, 'read', file)
  }
}
