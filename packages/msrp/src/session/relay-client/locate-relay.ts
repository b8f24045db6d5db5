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
 * The places of `locateRelay`, tried one after another: until one can be connected to, and further when that one turns out
 * not to serve.
 */
export class RelayPlaces<T> {
  readonly #relay: MsrpUri
  readonly #resolver: SrvResolver
  readonly #dial: (address: RelayAddress) => Promise<T>
  readonly #failures: MsrpError[] = []
  #left: RelayAddress[] | undefined

  constructor(relay: MsrpUri, resolver: SrvResolver, dial: (address: RelayAddress) => Promise<T>) {
    this.#relay = relay
    this.#resolver = resolver
    this.#dial = dial
  }

  /**
   * Connects to the first place that is left and works; the same again when called again.
   *
   * @throws MsrpError what `dial` threw: `aborted` at once; otherwise, when no place works, the first error that says more
   *   than `unreachable` (such as `tls-name`), or `unreachable` with the reason for each place
   */
  async connect(): Promise<T> {
    this.#left ??= await locateRelay(this.#relay, this.#resolver)
    for (let [place] = this.#left; place !== undefined; [place] = this.#left) {
      try {
        return await this.#dial(place)
      } catch (error) {
        if (!(error instanceof MsrpError) || error.code === 'aborted') throw error
        this.#failures.push(error)
        this.#left.shift()
      }
    }
    throw this.#verdict()
  }

  /**
   * What was connected to did not serve. Returns when there are other places that may: `connect` goes on with them.
   *
   * @throws MsrpError when there are none, or would do no better: `error` itself, or of several the one that says most
   */
  passOver(error: unknown): void {
    if (!(error instanceof MsrpError) || !isPassing(error) || this.#left?.[0] === undefined) throw error
    this.#failures.push(error)
    this.#left.shift()
    if (this.#left.length === 0) throw this.#verdict()
  }

  #verdict(): MsrpError {
    const failures = this.#failures
    const telling =
      failures.find(({ code }) => code !== 'unreachable') ?? (failures.length === 1 ? failures[0] : undefined)
    if (telling !== undefined) return telling
    const reasons = failures.map(({ message }) => message).join('; ')
    const text = `none of the relays of ${this.#relay.host} can be reached: ${reasons}`
    return new MsrpError('unreachable', text, { cause: failures.at(-1) })
  }
}

/** Whether another relay of the same domain may do better: this one is out of order, or not for us at present. */
function isPassing({ code, status = 0 }: MsrpError): boolean {
  return code === 'connection-lost' || code === 'timeout' || (code === 'refused' && (status === 403 || status >= 500))
}

/**
 * Connects to the first place of `locateRelay` that works. `dial` is called for one after another.
 *
 * @throws MsrpError what `RelayPlaces.connect` throws
 */
export function connectToRelay<T>(
  relay: MsrpUri,
  resolver: SrvResolver,
  dial: (address: RelayAddress) => Promise<T>,
): Promise<T> {
  return new RelayPlaces(relay, resolver, dial).connect()
}
