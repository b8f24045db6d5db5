import { MsrpError, type MsrpUri, parsePath } from '../wire/index.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import type { PathInput, RelayOptions } from './options.ts'
import type { DialTarget, Platform, TlsOptions } from './platform.ts'
import { authenticate, connectToRelay, type RelayMemory, type RelayRegistration } from './relay-client/index.ts'

/** A path through relays, and the connection that it is bound to. */
export interface RelayPath {
  readonly registration: RelayRegistration<EndpointConnection['msrp']>
  readonly connection: EndpointConnection
}

/**
 * Connects to the first relay and gets a path through all of them (RFC 4976 §5.1). Where several relays serve its domain,
 * those are tried in turn until one lets us in. Each local path has a connection of its
 * own, so that TCP's flow control works from end to end.
 * @throws MsrpError what `authenticate` and `connectToRelay` throw
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
  return connectToRelay(first, platform, async ({ host, port, serverName }) => {
    let connection: EndpointConnection | undefined
    const registration = await authenticate({
      connect: async () => {
        connection = await dial({ host, port, serverName, secure: true, tls, signal })
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
    if (connection === undefined) throw new MsrpError('internal', 'The relay was not connected to')
    return { registration, connection }
  })
}

function relayUris(input: PathInput): MsrpUri[] {
  try {
    return parsePath(typeof input === 'string' ? input : input.join(' '))
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    throw new MsrpError('invalid-argument', `The relay's URI cannot be used: ${error.message}`, { cause: error })
  }
}
