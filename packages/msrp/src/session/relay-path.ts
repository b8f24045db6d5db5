import { MsrpError, type MsrpUri, parsePath } from '../wire/index.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import type { PathInput, RelayOptions } from './options.ts'
import type { DialTarget, Platform, TlsOptions } from './platform.ts'
import { authenticate, type RelayMemory, RelayPlaces, type RelayRegistration } from './relay-client/index.ts'

/** A path through relays, and the connection that it is bound to. */
export interface RelayPath {
  readonly registration: RelayRegistration<EndpointConnection['msrp']>
  readonly connection: EndpointConnection
}

/**
 * Connects to the first relay and gets a path through all of them (RFC 4976 §5.1). Each local path has a connection of its
 * own, so that TCP's flow control works from end to end. A relay that cannot check credentials at present, or breaks off, is
 * passed over for the next one of its domain (RFC 2782).
 * @throws MsrpError what `authenticate` and `RelayPlaces` throw
 */
export async function registerWithRelay(options: {
  relay: RelayOptions
  localUri: MsrpUri
  platform: Platform
  memory: RelayMemory
  tls: TlsOptions | undefined
  signal: AbortSignal | undefined
  dial: (target: DialTarget) => Promise<EndpointConnection>
}): Promise<RelayPath> {
  const { relay, localUri, platform, memory, tls, signal, dial } = options
  const relays = relayUris(relay.uri)
  const [first] = relays
  if (first === undefined) throw new MsrpError('invalid-argument', 'The relay has no URI')
  let connection: EndpointConnection | undefined
  const places = new RelayPlaces(first, platform, ({ host, port, serverName }) =>
    dial({ host, port, serverName, secure: true, tls, signal }),
  )
  const register = (): Promise<RelayPath['registration']> =>
    authenticate({
      connect: async () => {
        connection = await places.connect()
        return connection.msrp
      },
      relays,
      localUri,
      credentials: { username: relay.username, password: relay.password },
      expires: relay.expires,
      clock: platform.clock,
      random: platform.random,
      hash: platform.hash,
      memory,
      signal,
    })
  for (;;) {
    try {
      const registration = await register()
      if (connection === undefined) throw new MsrpError('internal', 'The relay was not connected to')
      return { registration, connection }
    } catch (error) {
      places.passOver(error)
    }
  }
}

function relayUris(input: PathInput): MsrpUri[] {
  try {
    return parsePath(typeof input === 'string' ? input : input.join(' '))
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    throw new MsrpError('invalid-argument', `The relay's URI cannot be used: ${error.message}`, { cause: error })
  }
}
