import { MsrpError, type MsrpUri } from '../../wire/index.ts'
import { aborted, unlessAborted } from '../abortable.ts'
import { AuthExchange, type AuthRoom } from './auth-exchange.ts'
import { type CredentialsFor, DigestSession } from './digest-session.ts'
import type { GrantedHop } from './relay-hop.ts'
import type { RelayMemory } from './relay-memory.ts'
import { RelayRegistration } from './relay-registration.ts'

/** What may be given up. */
const LOGIN = 'authentication with the relay'

/** What `authenticate` needs. */
export interface AuthenticateOptions<C extends AuthRoom['connection']> extends Omit<AuthRoom, 'connection'> {
  /**
   * Opens a connection over TLS to the first relay; `connectToRelay` finds it. Called once, and once more for a relay
   * that leaves its connection unusable (see `RelayMemory`).
   */
  readonly connect: () => Promise<C>
  /** Nearest first; one at least. Each is asked through those before it. */
  readonly relays: readonly MsrpUri[]
  readonly credentials: CredentialsFor
  /**
   * Lifetime to ask for, in whole seconds from 1. The relay may set another one, and is told none unless this is given:
   * the field knows relays that refuse every request for one.
   */
  readonly expires?: number | undefined
  /** Give the same one every time, so that what was learnt of a relay serves again. */
  readonly memory: RelayMemory
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
export async function authenticate<C extends AuthRoom['connection']>(
  options: AuthenticateOptions<C>,
): Promise<RelayRegistration<C>> {
  const { relays, expires, signal } = options
  for (const relay of relays) {
    if (!relay.secure) throw invalid(`the relay ${relay} has to be addressed as msrps: AUTH goes over TLS only`)
  }
  if (expires !== undefined && (!Number.isSafeInteger(expires) || expires < 1)) {
    throw invalid(`expires is ${expires}, expected whole seconds from 1`)
  }
  for (;;) {
    if (signal?.aborted) throw aborted(signal, LOGIN)
    const connection = await options.connect()
    const { msrp } = connection
    try {
      const { description, secure } = msrp.transport
      if (!secure)
        throw invalid(`AUTH is sent over TLS only (RFC 4976 §8), but this connection has none: ${description}`)
      if (signal?.aborted) throw aborted(signal, LOGIN)
      const room = { ...options, connection }
      const hops = await unlessAborted(askAll(room), signal, LOGIN)
      if (hops !== undefined) return new RelayRegistration(room, hops)
      msrp.fail(undefined)
    } catch (error) {
      msrp.fail(error instanceof MsrpError ? error : undefined)
      throw error
    }
  }
}

/** Asks one relay after the other. Undefined when one has left the connection unusable, of which it will be asked no more. */
async function askAll(
  options: AuthenticateOptions<AuthRoom['connection']> & AuthRoom,
): Promise<GrantedHop[] | undefined> {
  const hops: GrantedHop[] = []
  for (const relay of options.relays) {
    const { credentials, expires, memory, platform } = options
    const ways = memory.of(relay)
    const digest = new DigestSession(relay, credentials, platform)
    const through = hops.flatMap(({ own }) => own)
    const hop = await new AuthExchange(options, { relay, digest, ways, expires }, through).run()
    if (hop === undefined) {
      ways.omitExpires = true
      return undefined
    }
    hops.push(hop)
  }
  return hops
}

function invalid(text: string): MsrpError {
  return new MsrpError('invalid-argument', text)
}
