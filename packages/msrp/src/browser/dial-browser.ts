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
  const { promise, resolve, reject } = Promise.withResolvers<Transport>()
  const fail = (...of: ConstructorParameters<typeof MsrpError>): void => reject(new MsrpError(...of))
  const onAbort = (): void => fail('aborted', 'connecting was given up by the caller', { cause: signal?.reason })
  if (signal?.aborted) {
    onAbort()
    return promise
  }
  const url = `${secure ? 'wss' : 'ws'}://${authority}${webSocket.path}`
  const socket = open(url, ['msrp', ...webSocket.protocols])
  socket.binaryType = 'arraybuffer'
  const late = `${url} did not answer within ${CONNECT_TIMEOUT / 1000} s`
  const timer = setTimeout(() => fail('timeout', late), CONNECT_TIMEOUT)
  signal?.addEventListener('abort', onAbort)
  socket.addEventListener('open', () => {
    // `ws:` is used for this machine alone: nobody else can read it.
    if (socket.protocol === 'msrp') resolve(new BrowserWebSocket(socket, true))
    else fail('not-msrp', `${url} speaks WebSocket, but not MSRP over it`)
  })
  socket.addEventListener('close', () => fail('unreachable', unreachable(url)))
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
    throw new MsrpError('invalid-argument', `${url} cannot be opened: ${cause}`, { cause })
  }
}

function unreachable(url: string): string {
  const text = `cannot connect to ${url}, and a browser does not tell a page why`
  const causes = [
    'nothing listens there',
    'its certificate is not trusted here or is for another name',
    'the relay does not let in pages from this origin',
    'a user name or token is not accepted',
  ]
  return `${text}. Look into its console: ${causes.join('; or ')}`
}
