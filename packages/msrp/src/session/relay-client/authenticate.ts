import type { Clock } from '../../connection/index.ts'
import { type Hash, MsrpError, type MsrpUri, type RandomBytes } from '../../wire/index.ts'
import type { AuthConnection } from './auth-connection.ts'
import { authExchange } from './auth-exchange.ts'
import type { CredentialsFor, RelayCredentials } from './credentials.ts'
import { DigestSession } from './digest-session.ts'
import type { RelayHop } from './relay-hop.ts'
import { RelayMemory } from './relay-memory.ts'
import { RelayRegistration } from './relay-registration.ts'
import { grantedExpires } from './token-lifetime.ts'
import { usePathOf } from './use-path.ts'
import { abortedError } from './waiting.ts'

/** What `authenticate` needs. */
export interface AuthenticateOptions<C extends AuthConnection> {
  /**
   * Opens a connection over TLS to the first relay; `connectToRelay` finds it. Called once, and once more for a relay
   * that leaves its connection unusable (see `RelayMemory`).
   */
  readonly connect: () => Promise<C>
  /** Nearest first. Each is asked through those before it. */
  readonly relays: readonly MsrpUri[]
  /** Our own URI for this session: From-Path of the AUTH requests. */
  readonly localUri: MsrpUri
  readonly credentials: RelayCredentials | CredentialsFor
  /**
   * Lifetime to ask for, in whole seconds from 1. The relay may set another one, and is told none unless this is given:
   * the field knows relays that refuse every request for one.
   */
  readonly expires?: number | undefined
  readonly clock: Clock
  readonly random: RandomBytes
  readonly hash: Hash
  /** Give the same one every time, so that what was learnt of a relay serves again. */
  readonly memory?: RelayMemory | undefined
  /** Gives up with `aborted` and closes the connection. No effect once registered. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Gets a path through one relay or a chain of them (RFC 4976 §5.1), and keeps it fresh. On failure the connection is
 * closed.
 *
 * @throws MsrpError `unauthorized`: wrong password or unknown user; `refused` with the status; `timeout`: a relay did not
 *   answer within 30 s; `connection-lost`; `malformed`: what a relay handed out cannot be used; `invalid-argument`: also
 *   for a connection without TLS; `aborted`; and what `connect` throws
 */
export async function authenticate<C extends AuthConnection>(
  options: AuthenticateOptions<C>,
): Promise<RelayRegistration<C>> {
  checkOptions(options)
  const memory = options.memory ?? new RelayMemory()
  const signal = options.signal ?? new AbortController().signal
  for (;;) {
    if (signal.aborted) throw abortedError(signal)
    const connection = await options.connect()
    const hops: RelayHop[] = []
    try {
      const unreadable = await askAll(options, connection, memory, signal, hops)
      if (unreadable === undefined) return new RelayRegistration({ ...options, connection, hops })
      // The connection is of no use after that, and Expires none with this relay.
      memory.of(unreadable).omitExpires = true
      const text = `the relay ${unreadable.host} refuses Expires with a 423 that cannot be read`
      connection.fail(new MsrpError('malformed', text))
    } catch (error) {
      connection.fail(error instanceof MsrpError ? error : undefined)
      throw error
    }
  }
}

/** Asks one relay after the other; gives the relay that broke the connection with its 423, if one did. */
async function askAll<C extends AuthConnection>(
  options: AuthenticateOptions<C>,
  connection: C,
  memory: RelayMemory,
  signal: AbortSignal,
  hops: RelayHop[],
): Promise<MsrpUri | undefined> {
  const { clock, credentials, expires, hash, localUri, random } = options
  let through: readonly MsrpUri[] = []
  for (const relay of options.relays) {
    const digest = new DigestSession({ relay, credentials, hash, random })
    const ways = memory.of(relay)
    const result = await authExchange({
      connection,
      clock,
      digest,
      relay,
      ways,
      toPath: [...through, relay],
      fromPath: localUri,
      expires,
      signal,
    })
    if (result.kind === 'unreadable-423') return relay
    const usePath = usePathOf(result.head, through)
    const lifetime = grantedExpires(result.head, result.expires) * 1000
    hops.push({
      relay,
      digest,
      ways,
      own: usePath.slice(through.length),
      askedExpires: result.expires,
      lifetime,
      expiresAt: result.sentAt + lifetime,
    })
    through = usePath
  }
  return undefined
}

function checkOptions(options: AuthenticateOptions<AuthConnection>): void {
  const { relays, expires, credentials } = options
  if (relays.length === 0) throw new MsrpError('invalid-argument', 'no relay is given')
  for (const relay of relays) {
    if (relay.secure) continue
    throw new MsrpError('invalid-argument', `the relay ${relay} has to be addressed as msrps: AUTH goes over TLS only`)
  }
  if (expires !== undefined && (!Number.isSafeInteger(expires) || expires < 1)) {
    throw new MsrpError('invalid-argument', `expires is ${expires}, expected whole seconds from 1`)
  }
  if (typeof credentials !== 'function' && credentials.username === '') {
    throw new MsrpError('invalid-argument', 'the user name for the relay is empty')
  }
}
