import { nodeClock } from 'msrp/node'
import type { DigestAlgorithm } from 'msrp/wire'
import type { Settings } from '../config/settings.ts'
import type { Log, Users } from '../forwarding/settings.ts'
import { CachedUsers } from '../users/cached-users.ts'
import { EphemeralVerifier } from '../users/ephemeral-credentials.ts'
import { EphemeralUsers } from '../users/ephemeral-users.ts'
import type { UserDatabase } from '../users/index.ts'
import type { UserBackend } from '../users/user-backend.ts'
import { WatchedUsers } from '../users/watched-users.ts'
import { openUserBackend } from './user-backends.ts'
import { openRelayUsers } from './user-database.ts'

/** The part of the settings that says who may log in. */
export type AccountSettings = Pick<Settings, 'users' | 'ephemeralCredentials' | 'stateFolder' | 'realm' | 'domains'>

/** What users were asked for, since the start. */
export interface UserCounters {
  /** Questions that went to the database or service. */
  queries: number
  /** Those of them that were not answered. */
  failures: number
  /** Questions that were answered from memory, or together with another one. */
  hits: number
}

/** What stands behind the users at present; a reload puts another one in its place. */
interface Sources {
  readonly backend: UserBackend
  readonly watched: WatchedUsers
  readonly cached: CachedUsers | undefined
  readonly users: Users
  readonly ephemeral: EphemeralVerifier | undefined
  /** Look-ups under way. */
  readonly pending: Set<Promise<unknown>>
}

/** Everybody who may log in, wherever the settings say that they are. */
export class RelayUsers implements Users {
  /** The file, while the backend is `sqlite`. */
  database: UserDatabase | undefined
  #sources: Sources
  #log: Log = silent
  /** Of the sources that were replaced. */
  readonly #before: UserCounters = { queries: 0, failures: 0, hits: 0 }

  private constructor(sources: Sources, database: UserDatabase | undefined) {
    this.#sources = sources
    this.database = database
  }

  /**
   * Opens them. A database server or web service need not be there yet.
   * @throws MsrpError `storage` when a file cannot be read; `invalid-argument`
   */
  static async open(settings: AccountSettings): Promise<RelayUsers> {
    const { database, backend } = await openBackend(settings, undefined)
    return new RelayUsers(sourcesOf(settings, backend, silent), database)
  }

  /** From now on tells the log when the database stops answering and when it answers again; asks it once, to begin with. */
  watch(log: Log): void {
    this.#log = log
    this.#sources.watched.watch(log)
    void this.#sources.watched.check()
  }

  /** Asks the database or service for nobody. Rejects when it does not answer. */
  check(): Promise<void> {
    return this.#sources.backend.check()
  }

  /** Takes credentials that a web application has made; undefined while there are no shared secrets. */
  get ephemeral(): EphemeralVerifier | undefined {
    return this.#sources.ephemeral
  }

  /** What was asked so far. */
  get counters(): UserCounters {
    const { watched, cached } = this.#sources
    return {
      queries: this.#before.queries + watched.queries,
      failures: this.#before.failures + watched.failures,
      hits: this.#before.hits + (cached?.hits ?? 0),
    }
  }

  ha1(username: string, realm: string, algorithm: DigestAlgorithm): ReturnType<Users['ha1']> {
    const { users, pending } = this.#sources
    const answer = users.ha1(username, realm, algorithm)
    pending.add(answer)
    const done = (): void => void pending.delete(answer)
    answer.then(done, done)
    return answer
  }

  account(username: string, realm: string): string {
    return this.#sources.users.account?.(username, realm) ?? `${username}@${realm}`
  }

  doubt(username: string, realm: string, algorithm: DigestAlgorithm): void {
    this.#sources.users.doubt?.(username, realm, algorithm)
  }

  /**
   * Goes over to other settings: what was remembered is forgotten, and look-ups under way end as they began. When it fails
   * nothing has changed.
   * @throws MsrpError what `open` throws
   */
  async reconfigure(settings: AccountSettings): Promise<void> {
    const { database, backend } = await openBackend(settings, this.database)
    const old = this.#sources
    const counted = this.counters
    this.#sources = sourcesOf(settings, backend, this.#log)
    this.database = database
    Object.assign(this.#before, counted)
    void this.#sources.watched.check()
    if (old.backend !== backend) void Promise.allSettled(old.pending).then(() => old.backend.close())
  }

  /** Lets go of everything; look-ups under way may fail. */
  close(): Promise<void> {
    return this.#sources.backend.close()
  }
}

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {} }

async function openBackend(
  settings: AccountSettings,
  open: UserDatabase | undefined,
): Promise<{ database: UserDatabase | undefined; backend: UserBackend }> {
  if (settings.users.backend !== 'sqlite') {
    return { database: undefined, backend: await openUserBackend(settings.users) }
  }
  const database = open?.path === settings.users.database ? open : await openRelayUsers(settings)
  return { database, backend: database }
}

function sourcesOf(settings: AccountSettings, backend: UserBackend, log: Log): Sources {
  const { users, ephemeralCredentials, realm, domains } = settings
  const watched = new WatchedUsers(backend, log)
  // A file is asked as fast as memory, and sees changes at once.
  const isRemote = users.backend === 'postgresql' || users.backend === 'mariadb' || users.backend === 'http'
  const cached = isRemote ? new CachedUsers(watched, users.cache, nodeClock) : undefined
  const { secrets, ...rest } = ephemeralCredentials
  const ephemeral =
    secrets.length === 0 ? undefined : new EphemeralVerifier({ ...rest, secrets: secrets.map((one) => one.reveal()) })
  const others = cached ?? watched
  const realms = [realm, ...domains.map((domain) => domain.realm)]
  return {
    backend,
    watched,
    cached,
    users: ephemeral === undefined ? others : new EphemeralUsers({ verifier: ephemeral, others, realms }),
    ephemeral,
    pending: new Set(),
  }
}
