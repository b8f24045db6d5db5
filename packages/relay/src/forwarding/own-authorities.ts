import type { MsrpUri } from 'msrp/wire'

/** Which URIs address this relay: every name and address it listens under, with every port it listens on. */
export class OwnAuthorities {
  readonly #names: ReadonlySet<string>
  readonly #ports: ReadonlySet<number>
  /** Host and port for Use-Path. */
  readonly advertised: { readonly host: string; readonly port: number }

  /** The first name and the first port are the advertised ones. */
  constructor(names: readonly string[], ports: readonly number[]) {
    const [host = 'localhost', port = 2855] = [names[0]?.toLowerCase(), ports[0]]
    this.advertised = { host, port }
    this.#names = new Set(names.map((name) => name.toLowerCase()))
    this.#ports = new Set(ports)
  }

  /** Whether a URI with port is ours. */
  includes(uri: MsrpUri): boolean {
    return uri.port !== undefined && this.#names.has(uri.host) && this.#ports.has(uri.port)
  }

  /** Whether an AUTH to this URI is for us: there the port may be absent (RFC 4976 §8). */
  includesRelay(uri: MsrpUri): boolean {
    return this.includes(uri) || (uri.port === undefined && this.#names.has(uri.host))
  }
}
