import { type DialTls, dial, type Resolver, type SrvTarget, type TlsFacts } from 'msrp/node'
import { MsrpError } from 'msrp/wire'
import type { Settings } from '../config/settings.ts'
import type { Dial, Dialed, DialTarget, Log } from '../forwarding/settings.ts'
import type { OutboundPolicy } from './outbound-policy.ts'

/** The port of relays that are found by their domain alone (RFC 4976 §8). */
const DEFAULT_PORT = 2855

/**
 * Connects to next hops: checks the address against the policy after the name is resolved, and the certificate by the
 * rules for relays (mutual TLS, RFC 4976 §9.2) or for the last hop.
 */
export function relayDialer(options: {
  /** As they are at present; and so the policy. */
  settings: () => Settings
  policy: () => OutboundPolicy
  resolver: Resolver
  /** Our certificate for a host of ours, shown to relays, and the authorities whose certificates we accept. */
  tls: (host: string) => DialTls
  log: Log
}): Dial {
  const { settings, policy, resolver, tls, log } = options
  const lenientTls = new WeakMap<DialTls, DialTls>()

  return async (target) => {
    const refusal = refusalOf(target, settings())
    if (refusal !== undefined) throw refused(refusal)
    let failure: unknown
    for (const { host, port } of await candidates(target, resolver)) {
      try {
        return await connect(target, host, port)
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  async function connect({ uri, kind, as }: DialTarget, host: string, port: number): Promise<Dialed> {
    const lenient = kind === 'peer' && settings().lastHopTls === 'lenient'
    const connectTimeout = settings().limits.connectTime * 1000
    const { transport, tls: facts } = await dial({
      host,
      port,
      secure: uri.secure,
      tls: lenient ? withoutChecks(tls(as)) : tls(as),
      connectTimeout,
      handshakeTimeout: connectTimeout,
      // RFC 4976 §8: the certificate is that of the name in the URI, wherever SRV led to.
      names: [uri.host],
      resolver: { lookup: (name, signal) => permitted(name, port, signal) },
    })
    const verified = facts?.authorized === true && facts.matches(uri.host)
    if (facts !== undefined && !verified) {
      log.warn({ far: transport.description, reason: facts.reason }, 'a peer without a valid certificate is let pass')
    }
    return { transport, certificateNames: provenNames(facts, verified) }
  }

  /** The same object each time: its material is read once. */
  function withoutChecks(material: DialTls): DialTls {
    const known = lenientTls.get(material) ?? { ...material, insecure: true }
    lenientTls.set(material, known)
    return known
  }

  /** The addresses of a name to which a connection may be made. */
  async function permitted(name: string, port: number, signal?: AbortSignal): Promise<readonly string[]> {
    const addresses = await resolver.lookup(name, signal)
    const allowed = addresses.filter((address) => policy().denial(address, port) === undefined)
    if (allowed.length > 0) return allowed
    const reasons = addresses.map((address) => `${address} (${policy().denial(address, port)})`)
    throw refused(`connections to ${reasons.join(', ')} are not allowed by the outbound settings`)
  }
}

function provenNames(facts: TlsFacts | undefined, verified: boolean): readonly string[] {
  return verified && facts !== undefined ? facts.names : []
}

/** Why a URI is not connected to, whatever its address. */
function refusalOf({ uri, kind }: DialTarget, settings: Settings): string | undefined {
  if (uri.transport !== 'tcp') return `the transport ${uri.transport} cannot be dialled`
  // RFC 4976 §9.2: between relays there is always TLS.
  if (!uri.secure && kind === 'relay') return 'the next relay is not an msrps URI'
  if (!uri.secure && !settings.plainTcpToPeers) return 'peers without TLS are not connected to (plain_tcp_to_peers)'
  // RFC 4976 §8: a relay may be given by its domain alone, but not by its address alone.
  if (uri.port === undefined && (kind === 'peer' || uri.isNumericHost)) return 'the URI has no port'
  return undefined
}

async function candidates({ uri }: DialTarget, resolver: Resolver): Promise<readonly SrvTarget[]> {
  if (uri.port !== undefined) return [{ host: uri.host, port: uri.port }]
  const found = await resolver.resolveSrv(`_msrps._tcp.${uri.host}`)
  return found.length > 0 ? found : [{ host: uri.host, port: DEFAULT_PORT }]
}

function refused(reason: string): MsrpError {
  return new MsrpError('refused', reason, { status: 403 })
}
