import type { Transport } from '../connection/index.ts'
import type { DialTarget } from '../session/platform.ts'
import { MsrpError } from '../wire/index.ts'
import { BrowserWebSocket } from './browser-web-socket.ts'

/** For connecting and for the handshake, in ms: browsers themselves wait for minutes. */
const CONNECT_TIMEOUT = 20_000

/**
 * Opens a WebSocket to a relay (RFC 7977 §4.1). Why a browser could not connect it tells nobody but its console.
 * @throws MsrpError `unreachable`, `not-msrp`, `timeout`, `aborted`, `invalid-argument`
 */
export async function dialBrowser({ host, port, secure, webSocket, signal }: DialTarget): Promise<Transport> {
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  if (webSocket === undefined) {
    const text = `${authority}: a browser connects to nothing but a relay's WebSocket`
    throw new MsrpError('invalid-argument', `${text}. Give the relay by its URL, such as wss://relay.example.com/msrp`)
  }
  if (signal?.aborted) throw aborted(signal)
  const url = `${secure ? 'wss' : 'ws'}://${authority}${webSocket.path}`
  const socket = open(url, ['msrp', ...webSocket.protocols])
  socket.binaryType = 'arraybuffer'
  const { promise, resolve, reject } = Promise.withResolvers<Transport>()
  const late = `${url} did not answer within ${CONNECT_TIMEOUT / 1000} s`
  const timer = setTimeout(() => reject(new MsrpError('timeout', late)), CONNECT_TIMEOUT)
  const onAbort = (): void => reject(aborted(signal))
  signal?.addEventListener('abort', onAbort)
  socket.addEventListener('open', () => {
    // `ws:` is used for this machine alone: nobody else can read it.
    if (socket.protocol === 'msrp') resolve(new BrowserWebSocket(socket, { secure: true }))
    else reject(new MsrpError('not-msrp', `${url} speaks WebSocket, but not MSRP over it`))
  })
  socket.addEventListener('close', () => reject(unreachable(url)))
  try {
    return await promise
  } catch (error) {
    socket.close()
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

function open(url: string, protocols: string[]): WebSocket {
  try {
    return new WebSocket(url, protocols)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new MsrpError('invalid-argument', `${url} cannot be opened: ${why}`, { cause })
  }
}

function unreachable(url: string): MsrpError {
  const text = `cannot connect to ${url}, and a browser does not tell a page why`
  const causes = [
    'nothing listens there',
    'its certificate is not trusted here or is for another name',
    'the relay does not let in pages from this origin',
    'a user name or token is not accepted',
  ]
  return new MsrpError('unreachable', `${text}. Look into its console: ${causes.join('; or ')}`)
}

function aborted(signal: AbortSignal | undefined): MsrpError {
  return new MsrpError('aborted', 'connecting was given up by the caller', { cause: signal?.reason })
}
