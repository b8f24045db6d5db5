import { MsrpError, type MsrpUri } from '../../wire/index.ts'

/** Where MSRP relays listen unless said otherwise (RFC 4976 §8). */
const DEFAULT_PORT = 2855

/** The part of name resolution that finding a relay needs. */
export interface SrvResolver {
  /**
   * The targets of a service in the order in which to try them (RFC 2782); empty when there is no such record.
   * @throws MsrpError `unreachable` when the domain says that it does not offer the service
   */
  resolveSrv(name: string): Promise<readonly { readonly host: string; readonly port: number }[]>
}

/** One place where a relay may be found. */
export interface RelayAddress {
  /** A name, to be looked up for A and AAAA, or an address; IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /**
   * The name that its certificate has to bear: the host of the URI, also when SRV names another one, because whoever
   * can forge DNS answers could name any host (RFC 4976 §9.2).
   */
  readonly serverName: string
}

/**
 * Where to look for a relay, in the order in which to try (RFC 4976 §8). With a port: that host and port alone. Without:
 * the targets of its SRV record `_msrps._tcp`, and after them the domain itself at port 2855.
 *
 * @throws MsrpError `invalid-argument` for a URI without TLS or a numeric host without port (RFC 4976 §8);
 *   `unreachable` when the domain says in DNS that it has no relay
 */
export async function locateRelay(relay: MsrpUri, resolver: SrvResolver): Promise<RelayAddress[]> {
  if (!relay.secure) {
    throw new MsrpError('invalid-argument', `the relay ${relay} has to be addressed as msrps: AUTH goes over TLS only`)
  }
  const serverName = relay.host
  if (relay.port !== undefined) return [{ host: relay.host, port: relay.port, serverName }]
  if (relay.isNumericHost) {
    throw new MsrpError('invalid-argument', `the relay ${relay} is given by its address and needs a port`)
  }
  const own: RelayAddress = { host: relay.host, port: DEFAULT_PORT, serverName }
  // RFC 6761 §6.3: names below localhost are this machine; asking DNS for their services could only delay.
  if (/(^|\.)localhost$/.test(relay.host)) return [own]
  const targets = await resolver.resolveSrv(`_msrps._tcp.${relay.host}`)
  const found = targets.map(({ host, port }) => ({ host, port, serverName }))
  return found.some(({ host, port }) => host === own.host && port === own.port) ? found : [...found, own]
}

/**
 * What another relay of the same domain would say as well, or what is nobody's fault but the caller's. A 403 is not: it is
 * what relays answer, too, that are full or cannot get at their users.
 */
function isFinal({ code, status }: MsrpError): boolean {
  return code === 'aborted' || code === 'invalid-argument' || (code === 'unauthorized' && status !== 403)
}

/**
 * Goes to the first place of `locateRelay` that works. `attempt` is called for one after another, and may log in there: of
 * relays that refuse with a 403 or break off the next one may be well.
 *
 * @throws MsrpError what `attempt` threw: `aborted`, `invalid-argument` and `unauthorized` (but by 403) at once; otherwise, when no
 *   place works, the first error that says more than `unreachable` (such as `tls-name`), or `unreachable` with the reason
 *   for each place
 */
export async function connectToRelay<T>(
  relay: MsrpUri,
  resolver: SrvResolver,
  attempt: (address: RelayAddress) => Promise<T>,
): Promise<T> {
  const failures: MsrpError[] = []
  for (const address of await locateRelay(relay, resolver)) {
    try {
      return await attempt(address)
    } catch (error) {
      if (!(error instanceof MsrpError) || isFinal(error)) throw error
      failures.push(error)
    }
  }
  const telling =
    failures.find(({ code }) => code !== 'unreachable') ?? (failures.length === 1 ? failures[0] : undefined)
  if (telling !== undefined) throw telling
  const reasons = failures.map(({ message }) => message).join('; ')
  throw new MsrpError('unreachable', `none of the relays of ${relay.host} can be reached: ${reasons}`, {
    cause: failures.at(-1),
  })
}
