import type { Users } from '../forwarding/settings.ts'

/** A place where users are kept, opened. It is never asked for more than H(A1), and never changed. */
export interface UserBackend extends Users {
  /** What and where it is, for the log; without secrets. */
  readonly description: string
  /**
   * Asks as for a user, so that what is wrong shows at the start and not with the first client.
   * @throws MsrpError `unreachable` when it does not answer, `storage` when its answer is of no use
   */
  check(): Promise<void>
  /** Lets go of connections and files; look-ups under way may fail. */
  close(): Promise<void>
}

/** Characters of the longest user name that is looked up at all. Subscriber tables have room for 64. */
const LONGEST_NAME = 255

/** False for names that nobody can have: empty, longer than any column, with control characters. */
export function isAskable(username: string): boolean {
  // PostgreSQL refuses U+0000 in any text with an error, which would look like a fault of the database.
  return username !== '' && username.length <= LONGEST_NAME && !/\p{Cc}|\p{Cs}/u.test(username)
}
