import type { Settings } from '../config/settings.ts'
import type { UserDatabase } from '../users/index.ts'
import { type RelayCertificates, relayCertificates } from './relay-certificates.ts'
import { RelayUsers } from './relay-users.ts'
import { type TryoutUser, tryoutUsers } from './user-database.ts'

/** Everything a relay keeps between two starts. */
export interface RelayState {
  readonly folder: string
  readonly certificates: RelayCertificates
  /** Open; whoever asked for the state closes it. */
  readonly users: RelayUsers
  /** The file with the users, where they are in one. It is closed with `users`. */
  readonly database: UserDatabase | undefined
  /** The users made up at the first start, as far as they are still there. */
  readonly tryout: readonly TryoutUser[]
}

/**
 * Opens the relay's state, making at the first start whatever the settings do not provide: authority and certificate,
 * and a user database with two users whose random passwords lie in files of mode 0600.
 *
 * Nothing here is locked. Each file is made whole under another name and then given its name by one process alone, the
 * secrets first and the rest from them, so that two starts at the same time, or one that was killed, do no harm.
 * @throws MsrpError `storage` in one line that names the file or folder, what is wrong with it and what to do
 */
export async function openState(settings: Settings): Promise<RelayState> {
  const certificates = await relayCertificates(settings)
  const users = await RelayUsers.open(settings)
  const { database } = users
  try {
    const tryout = database === undefined ? [] : await tryoutUsers(settings, database)
    return { folder: settings.stateFolder, certificates, users, database, tryout }
  } catch (error) {
    await users.close()
    throw error
  }
}
