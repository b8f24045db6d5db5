import { isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { type Fingerprint, MsrpError } from '../wire/index.ts'
import { unlessAborted } from '../wire/unless-aborted.ts'
import { formatAuthority } from './authority.ts'
import { type TlsMaterial, tlsContext } from './certificates.ts'
import { showsOneOf } from './fingerprint.ts'
import { connectToFirst } from './happy-eyeballs.ts'
import { nodeResolver, type Resolver } from './resolver.ts'
import { errorCode, socketReason } from './socket-error.ts'
import { SocketTransport, type SocketTransportOptions } from './socket-transport.ts'
import { type TlsFacts, tlsFacts } from './tls-facts.ts'

/** How to check the far side, and what to show it. Use one object for many connections: its material is read once. */
export interface DialTls extends TlsMaterial {
  /** Accepts any certificate. For tests and diagnosis only. */
  readonly insecure?: boolean
}

/** Where to connect to, and how. Times in milliseconds. */
export interface DialOptions {
  /** A name or a numeric address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** True: TLS. */
  readonly secure: boolean
  readonly tls?: DialTls
  /** The names of which the certificate must carry one. Default: `host`. The first also goes out as SNI. */
  readonly names?: readonly string[]
  /**
   * The far side's certificate has to have one of these fingerprints (RFC 8122), and nothing else of it counts: neither
   * names nor authority nor dates.
   */
  readonly fingerprints?: readonly Fingerprint[]
  /** Default: `nodeResolver()`. */
  readonly resolver?: Pick<Resolver, 'lookup'>
  /** Gives up; the promise rejects with MsrpError `aborted`. No effect once connected. */
  readonly signal?: AbortSignal
  /** For finding the address and connecting. Default 10 000. */
  readonly connectTimeout?: number
  /** For the TLS handshake. Default 10 000. */
  readonly handshakeTimeout?: number
  /** Passed on to the transport. */
  readonly transport?: SocketTransportOptions
}

/** A connection that was made. */
export interface Dialed {
  readonly transport: SocketTransport
  /** Absent on plain TCP. */
  readonly tls?: TlsFacts
  readonly remote: { readonly address: string; readonly port: number }
  readonly local: { readonly address: string; readonly port: number }
}

/**
 * Connects over TCP or TLS. Rejects with an MsrpError whose message names `host:port`, the fault and the remedy:
 * `unreachable` (no address, refused, no route, no answer in time), `tls-authority` (unknown authority, self-signed,
 * expired), `tls-name` (made out to somebody else; RFC 4975 §5.4), `tls-fingerprint` (another certificate), `not-msrp` (does not speak TLS there), `timeout` (the
 * TLS handshake stalls), `aborted`, `invalid-argument` (our own certificates).
 */
export async function dial(options: DialOptions): Promise<Dialed> {
  const { socket, tls } = await openSocket(options)
  return {
    transport: new SocketTransport(socket, options.transport),
    ...(tls ? { tls } : {}),
    remote: { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 },
    local: { address: socket.localAddress ?? '', port: socket.localPort ?? 0 },
  }
}

/** A connected socket, for TLS after the handshake and all checks. Rejects as `dial` does. */
export async function openSocket(
  options: Omit<DialOptions, 'transport'>,
): Promise<{ readonly socket: Socket; readonly tls?: TlsFacts }> {
  const { host, port } = options
  const target = formatAuthority(host, port)
  if (options.fingerprints && !options.secure) {
    throw new MsrpError(
      'invalid-argument',
      `${target}: without TLS there is no certificate to compare a fingerprint with`,
    )
  }
  const context = options.secure ? tlsContext(options.tls ?? {}).context : undefined
  const connectTimeout = options.connectTimeout ?? 10_000
  const socket = await within(
    connectTimeout,
    options.signal,
    () => new MsrpError('unreachable', `cannot reach ${target}: no answer within ${connectTimeout} ms. ${CHECK_HOST}`),
    async (signal) => {
      const resolver = options.resolver ?? nodeResolver()
      // Whatever the resolver makes of the signal, it is left alone then.
      const addresses = await unlessAborted(resolver.lookup(host, signal), signal, () => signal.reason)
      return connectToFirst(target, addresses, port, signal)
    },
  )
  if (!context) return { socket }

  const handshakeTimeout = options.handshakeTimeout ?? 10_000
  const names = options.names?.length ? options.names : [host]
  const name = names.find((one) => isIP(one) === 0)
  const secured = connectTls({
    socket,
    secureContext: context,
    // RFC 6066 §3: numeric hosts are not sent as server name.
    ...(name === undefined ? {} : { servername: name }),
    // Both are checked below, where the faults can be told apart; nothing is sent before.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  })
  try {
    const late = (): MsrpError => stalled(target, handshakeTimeout)
    await within(handshakeTimeout, options.signal, late, (signal) => handshake(secured, target, signal))
    const facts = tlsFacts(secured)
    if (options.fingerprints) verifyFingerprint(secured, options.fingerprints, target)
    else if (!options.tls?.insecure) verify(facts, names, target)
    return { socket: secured, tls: facts }
  } catch (error) {
    secured.destroy()
    throw error
  }
}

const CHECK_HOST = 'Check host and port, and that no firewall is in between'

function handshake(socket: TLSSocket, target: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  socket.once('secureConnect', resolve)
  // Stays for good: what the socket reports after it was given up must not end the process.
  socket.on('error', (cause) => reject(handshakeFailure(target, cause)))
  return promise.finally(() => signal.removeEventListener('abort', onAbort))
}

function handshakeFailure(target: string, cause: Error): MsrpError {
  const code = errorCode(cause)
  if (code.includes('ALERT') && !code.includes('PROTOCOL_VERSION')) {
    const text = `${target} refused the TLS handshake: ${socketReason(cause)}`
    return new MsrpError('tls-authority', `${text}. It may want a certificate of ours that it trusts (cert, key)`, {
      cause,
    })
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    const text = `${target} closed the connection in the TLS handshake. Check that it speaks TLS there (msrps, not msrp)`
    return new MsrpError('not-msrp', text, { cause })
  }
  const text = `${target} does not speak TLS 1.2 or later: ${socketReason(cause)}. Check the port, or use msrp without TLS`
  return new MsrpError('not-msrp', text, { cause })
}

function stalled(target: string, timeout: number): MsrpError {
  const text = `${target} accepted the connection but did not finish the TLS handshake within ${timeout} ms`
  return new MsrpError('timeout', `${text}. Check that it speaks TLS there (msrps, not msrp)`)
}

/** RFC 4975 §5.4: the certificate comes from an authority we trust and carries the host of the URI. */
function verify(facts: TlsFacts, names: readonly string[], target: string): void {
  if (!facts.authorized) {
    const [why, remedy] = distrust(facts)
    throw new MsrpError('tls-authority', `cannot trust ${target}: ${why}. ${remedy}`)
  }
  if (names.some((name) => facts.matches(name))) return
  const carried = [...facts.names, ...facts.addresses].slice(0, 5).join(', ') || 'no name at all'
  const text = `the certificate of ${target} is for ${carried}, not for ${names.join(' or ')}`
  throw new MsrpError('tls-name', `${text}. Use the name that it carries, or have a certificate made for this one`)
}

/** RFC 4975 §14.4: the certificate is the one that the peer's description announced, or there is no session. */
function verifyFingerprint(socket: TLSSocket, fingerprints: readonly Fingerprint[], target: string): void {
  if (showsOneOf(socket, fingerprints)) return
  const text = `the certificate of ${target} is not the one whose fingerprint was given`
  throw new MsrpError(
    'tls-fingerprint',
    `${text}. Somebody may be in between, or it has a new one: ask for its fingerprint`,
  )
}

function distrust(facts: TlsFacts): [why: string, remedy: string] {
  const trust = 'Give the certificate of its authority (ca) if it is one you trust'
  switch (facts.reason) {
    case undefined:
      return ['it showed no certificate', 'It has to be given one']
    case 'CERT_HAS_EXPIRED':
      return ['its certificate has expired', 'It has to be renewed there, or the clock of this machine is wrong']
    case 'CERT_NOT_YET_VALID':
      return ['its certificate is not valid yet', 'Check the clocks of both machines']
    case 'CERT_REVOKED':
      return ['its certificate was revoked', 'It has to be replaced there']
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return ['its certificate is self-signed', 'Give that certificate (ca) if it is one you trust']
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return ['its certificate comes from an unknown authority', trust]
    default:
      return [`its certificate does not pass (${facts.reason})`, trust]
  }
}

/** Runs `work` with a signal that fires with `late()` after `timeout` ms, or as `outer` does. */
export async function within<T>(
  timeout: number,
  outer: AbortSignal | undefined,
  late: () => MsrpError,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const aborted = (): MsrpError => {
    return new MsrpError('aborted', 'connecting was given up by the caller', { cause: outer?.reason })
  }
  if (outer?.aborted) throw aborted()
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(late()), timeout)
  const onAbort = (): void => controller.abort(aborted())
  outer?.addEventListener('abort', onAbort)
  try {
    return await work(controller.signal)
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', onAbort)
  }
}
