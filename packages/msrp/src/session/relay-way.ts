import type { MsrpUri } from '../wire/index.ts'
import type { DirectPeers } from './direct-peers.ts'
import type { ConnectionUser, EndpointConnection } from './endpoint-connection.ts'
import type { CompleteOptions, SessionOptions } from './options.ts'
import type { RelayRegistration } from './relay-client/index.ts'
import type { MsrpSession } from './session.ts'
import type { Way, WayUser } from './way.ts'

/** A path through relays, and the connection that it is bound to. */
export class RelayWay implements Way, ConnectionUser {
  formerRelays: readonly MsrpUri[] | undefined
  readonly #registration: RelayRegistration<EndpointConnection>
  readonly #connection: EndpointConnection
  readonly #direct: DirectPeers | undefined
  #user: WayUser | undefined

  /** `direct`: knows which certificates could be checked. */
  constructor(registration: RelayRegistration<EndpointConnection>, direct: DirectPeers | undefined) {
    this.#registration = registration
    this.#connection = registration.connection
    this.#direct = direct
  }

  get relays(): readonly MsrpUri[] {
    return this.#registration.usePath
  }

  begin(user: WayUser): void {
    this.#user = user
    this.#connection.use(this)
    this.#registration.onPathChanged = ({ previous, previousExpiresAt }) => {
      this.formerRelays = previous
      user.changed(Math.max(0, previousExpiresAt - this.#registration.room.platform.clock.now()))
    }
    // Nothing reaches us through a relay that has forgotten our path.
    this.#registration.onLost = (error) => this.#connection.msrp.fail(error)
  }

  admits(connection: EndpointConnection): boolean {
    return connection === this.#connection
  }

  check({ peerFingerprint }: SessionOptions): void {
    this.#direct?.checkFingerprint(peerFingerprint, { relayed: true, secure: true })
  }

  connect(
    _path: readonly MsrpUri[],
    _options: SessionOptions,
    _how: CompleteOptions,
    start: (connection: EndpointConnection) => MsrpSession,
  ): MsrpSession {
    return start(this.#connection)
  }

  release(closeTimeout?: number): void {
    this.#registration.stop()
    this.#connection.release(this, closeTimeout)
  }

  connectionClosed(error: Parameters<WayUser['lost']>[0]): void {
    this.#user?.lost(error)
  }
}
