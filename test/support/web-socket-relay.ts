import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Endpoint, type IncomingMessage, type RelayOptions, type Session } from 'msrp'
import { onTestFinished } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { freePort } from './free-port.ts'
import { type RelayUser, startRelay, type TestRelay, type TomlSettings } from './relay.ts'

/** A real relay that is reached by WebSocket as well: `wss`, and `ws` as from a proxy, at /msrp. */
export class WebSocketRelay {
  readonly relay: TestRelay
  readonly wss: number
  readonly ws: number
  /** For `wss`. */
  readonly url: string

  private constructor(relay: TestRelay, wss: number, ws: number) {
    this.relay = relay
    this.wss = wss
    this.ws = ws
    this.url = `wss://localhost:${wss}/msrp`
  }

  /** Starts one for a file of tests, with further settings. */
  static async start(settings: TomlSettings = {}): Promise<WebSocketRelay> {
    const [wss, ws] = [await freePort(), await freePort()]
    const webSocket = { path: '/msrp', cookie: 'relay', ...(settings.web_socket as object | undefined) }
    const relay = await startRelay({
      lifetime: 'file',
      webSockets: [
        { transport: 'wss', port: wss },
        { transport: 'ws', port: ws },
      ],
      settings: { ...settings, web_socket: webSocket },
    })
    return new WebSocketRelay(relay, wss, ws)
  }

  get ca(): Buffer {
    return readFileSync(this.relay.ca)
  }

  /** What the command line needs to go through it as a user. */
  options(user: RelayUser, url: string = this.url): string[] {
    return ['--relay', url, '--user', user.address, '--password-file', user.passwordFile, '--ca', this.relay.ca]
  }

  /** What the library needs for it by WebSocket. */
  byWebSocket({ username, password }: RelayUser): RelayOptions & { uri: string } {
    return { uri: this.url, username, password }
  }

  /** What the library needs for it by TLS. */
  byTls({ username, password }: RelayUser): RelayOptions {
    return { uri: this.relay.uri, username, password }
  }

  /** An endpoint that trusts it; closed at the end of the test. */
  endpoint(trace?: (text: string) => void): Endpoint {
    const endpoint = new Endpoint({
      tls: { ca: this.ca },
      ...(trace ? { trace: ({ text }: { text: string }) => trace(text) } : {}),
    })
    onTestFinished(() => endpoint.close())
    return endpoint
  }

  /** A session between two of its users. */
  async pair(sender: RelayOptions, receiver: RelayOptions): Promise<{ sender: Session; receiver: Session }> {
    const prepared = await this.endpoint().prepare({ relay: receiver, remotePath: 'first' })
    const connecting = this.endpoint().connect({ relay: sender, path: prepared.localPath })
    for await (const session of prepared.sessions()) return { sender: await connecting, receiver: session }
    throw new Error('nobody came')
  }

  /** A WebSocket to it that may be anything; ended at the end of the test. */
  webSocket(protocols: string[], options: ClientOptions = {}, path = '/msrp'): WebSocket {
    const webSocket = new WebSocket(`wss://localhost:${this.wss}${path}`, protocols, { ca: this.ca, ...options })
    webSocket.on('error', () => {})
    onTestFinished(() => webSocket.terminate())
    return webSocket
  }

  /** One that is open. */
  async opened(options: ClientOptions = {}): Promise<WebSocket> {
    const webSocket = this.webSocket(['msrp'], options)
    await once(webSocket, 'open')
    return webSocket
  }

  /** TLS, and nothing over it. */
  async tls(): Promise<Socket> {
    const socket = connectTls({ host: '127.0.0.1', port: this.wss, servername: 'localhost', ca: this.ca })
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => {})
    await once(socket, 'secureConnect')
    return socket
  }
}

/** The next message of a session. */
export async function nextMessage(session: Session): Promise<IncomingMessage> {
  for await (const message of session) return message
  throw new Error('the session ended')
}

/** An AUTH without credentials, as a browser's client sends it. */
export const bareAuth: string =
  'MSRP a1b2c3d4 AUTH\r\nTo-Path: msrps://localhost:443;ws\r\nFrom-Path: msrps://x.invalid:2855/abc;ws\r\n-------a1b2c3d4$\r\n'

/** User name and password as a cookie, or `Authorization: Basic`, holds them. */
export function basic({ username, password }: Pick<RelayUser, 'username' | 'password'>): string {
  return Buffer.from(`${username}:${password}`).toString('base64')
}

/** What comes until the far side ends the connection. */
export async function untilEnd(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes
  })
  await once(socket, 'close')
  return text
}
