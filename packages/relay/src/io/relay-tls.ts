import type { DialTls, ListenTls } from 'msrp/node'
import type { LoadedCertificate } from '../certificates/index.ts'
import type { TlsSettings } from '../config/index.ts'
import type { RelayCertificates } from './relay-certificates.ts'

/** What is shown under one name, to those who come and to those whom the relay goes to. */
interface Shown {
  readonly listen: ListenTls
  readonly dial: DialTls
}

/**
 * The relay's certificates as TLS takes them, by name: those who come say which name they look for (SNI), and relays that
 * are connected to look for the host that stands first in From-Path (RFC 4976 §6.3, §9.2). Material stays the same object
 * as long as it is the same, since it is read once for each.
 */
export class RelayTls {
  #usual: Shown
  #byName: ReadonlyMap<string, Shown>

  constructor(certificates: RelayCertificates, minimumVersion: TlsSettings['minimumVersion']) {
    ;[this.#usual, this.#byName] = shown(certificates, minimumVersion)
  }

  /** From the next handshake on. */
  reconfigure(certificates: RelayCertificates, minimumVersion: TlsSettings['minimumVersion']): void {
    ;[this.#usual, this.#byName] = shown(certificates, minimumVersion)
  }

  /** For whoever asks for no name, or for one that has no certificate of its own. */
  get listen(): ListenTls {
    return this.#usual.listen
  }

  /** For whoever asks for this name, in lower case; undefined: the usual one. */
  listenAs(name: string): ListenTls | undefined {
    return this.#byName.get(name)?.listen
  }

  /** For a connection to a next hop, made for a URI with this host. */
  dialAs(host: string): DialTls {
    return (this.#byName.get(host) ?? this.#usual).dial
  }
}

function shown(
  { server, byName, authorities, clientAuthorities }: RelayCertificates,
  minimumVersion: TlsSettings['minimumVersion'],
): [usual: Shown, byName: Map<string, Shown>] {
  const made = new Map<LoadedCertificate, Shown>()
  const of = (loaded: LoadedCertificate): Shown => {
    const { certificate: cert, key } = loaded
    const known = made.get(loaded) ?? {
      listen: { cert, key, minimumVersion, ca: clientAuthorities },
      dial: { cert, key, minimumVersion, ca: authorities },
    }
    made.set(loaded, known)
    return known
  }
  return [of(server), new Map([...byName].map(([name, loaded]) => [name, of(loaded)]))]
}
