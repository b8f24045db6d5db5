import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import { dialWebSocket, WebSocketTransport, type WebSocketTransportOptions } from '../../src/node/index.ts'
import type { ConnectedPair } from './compliance.ts'
import { testAuthority } from './test-certificates.ts'

const authority = await testAuthority()
const certificate = await authority.issue({ names: ['localhost', '127.0.0.1'] })

/** Two transports over WebSocket on loopback, one dialled and one accepted. */
export async function webSocketPair(secure: boolean, options: WebSocketTransportOptions = {}): Promise<ConnectedPair> {
  const server = secure ? createHttpsServer(certificate) : createHttpServer()
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 128 * 1024 })
  const accepted = Promise.withResolvers<WebSocketTransport>()
  server.on('upgrade', (request, socket, head) => {
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      accepted.resolve(new WebSocketTransport(webSocket, socket as Socket, options))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const left = await dialWebSocket({ host: '127.0.0.1', port, secure, tls: { ca: authority.ca }, transport: options })
  const right = await accepted.promise
  const stop = async (): Promise<void> => {
    left.destroy()
    right.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  return { left, right, stop }
}
