import type { MsrpUri } from 'msrp/wire'

/** Which URIs address this relay: every name and address it listens under, with every port it listens on. */
export class OwnAuthorities {
  readonly #names: Set<string> = new Set()
  readonly #ports: Set<number> = new Set()
  #advertised = { host: 'localhost', port: 2855 }

  /** The first name and the first port are the advertised ones. */
  constructor(names: readonly string[], ports: readonly number[]) {
    this.add(names, ports)
  }

  /** Host and port for Use-Path. */
  get advertised(): { readonly host: string; readonly port: number } {
    return this.#advertised
  }

  /** Other names and ports, of which the first are advertised from now on. Those before stay ours. */
  add(names: readonly string[], ports: readonly number[]): void {
    const { host, port } = this.#advertised
    this.#advertised = { host: names[0]?.toLowerCase() ?? host, port: ports[0] ?? port }
    for (const name of names) this.#names.add(name.toLowerCase())
    for (const one of ports) this.#ports.add(one)
  }

  /** Whether a URI with port is ours. */
  includes(uri: MsrpUri): boolean {
    return uri.port !== undefined && this.#names.has(uri.host) && this.#ports.has(uri.port)
  }

  /**
   * Whether an AUTH to this URI is for us: there the port may be absent (RFC 4976 §8), and with `ws` be that of a proxy in
   * front of us.
   */
  includesRelay(uri: MsrpUri): boolean {
    return this.#names.has(uri.host) && this.hasPort(uri)
  }

  /** Whether a URI has none, one of our ports, or one that an AUTH by WebSocket may have. */
  hasPort({ port, transport, sessionId }: MsrpUri): boolean {
    return port === undefined || this.#ports.has(port) || (transport === 'ws' && sessionId === undefined)
  }
}
