import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import { BrowserWebSocket } from '../../src/browser/browser-web-socket.ts'
import type { Transport } from '../../src/connection/index.ts'
import { dialWebSocket, WebSocketTransport, type WebSocketTransportOptions } from '../../src/node/index.ts'
import type { ConnectedPair } from './compliance.ts'
import { testAuthority } from './test-certificates.ts'

const authority = await testAuthority()
const certificate = await authority.issue({ names: ['localhost', '127.0.0.1'] })

/** Two transports over WebSocket on loopback, one dialled and one accepted. */
export function webSocketPair(secure: boolean, transport: WebSocketTransportOptions = {}): Promise<ConnectedPair> {
  return pair(secure, transport, ({ port }) =>
    dialWebSocket({ host: '127.0.0.1', port, secure, tls: { ca: authority.ca }, transport }),
  )
}

/** The same, dialled as a browser does: Node's own WebSocket is made after that of browsers. */
export function browserWebSocketPair(): Promise<ConnectedPair> {
  return pair(false, {}, async ({ port }) => {
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}`, 'msrp')
    webSocket.binaryType = 'arraybuffer'
    await new Promise((resolve) => webSocket.addEventListener('open', resolve))
    return new BrowserWebSocket(webSocket, false)
  })
}

async function pair(
  secure: boolean,
  options: WebSocketTransportOptions,
  dial: (address: AddressInfo) => Promise<Transport>,
): Promise<ConnectedPair> {
  const server = secure ? createHttpsServer(certificate) : createHttpServer()
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 128 * 1024 })
  const accepted = Promise.withResolvers<WebSocketTransport>()
  server.on('upgrade', (request, socket, head) => {
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      accepted.resolve(new WebSocketTransport(webSocket, socket as Socket, options))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const left = await dial(server.address() as AddressInfo)
  const right = await accepted.promise
  const stop = async (): Promise<void> => {
    left.destroy()
    right.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  return { left, right, stop }
}
