import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

/** A question as it came to the service. */
export interface Asked {
  readonly method: string | undefined
  readonly authorization: string | undefined
  readonly contentType: string | undefined
  readonly body: Record<string, unknown>
}

/** What it answers: status and body, or nothing at all. */
export type Answering = (asked: Asked) => { status: number; body?: string } | 'silence' | 'break'

/** A web service that knows users, as the HTTP backend asks for them. */
export class WebService implements AsyncDisposable {
  readonly url: string
  readonly asked: Asked[] = []
  answering: Answering
  readonly #close: () => Promise<void>

  private constructor(url: string, answering: Answering, close: () => Promise<void>) {
    this.url = url
    this.answering = answering
    this.#close = close
  }

  static async start(answering: Answering, tls?: { cert: string; key: string }): Promise<WebService> {
    const sockets = new Set<Socket>()
    const listener: RequestListener = (request, response) => {
      void bodyOf(request).then((text) => {
        const asked: Asked = {
          method: request.method,
          authorization: request.headers.authorization,
          contentType: request.headers['content-type'],
          body: JSON.parse(text),
        }
        service.asked.push(asked)
        const answer = service.answering(asked)
        if (answer === 'silence') return
        if (answer === 'break') request.socket.destroy()
        else response.writeHead(answer.status).end(answer.body)
      })
    }
    const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const url = tls === undefined ? `http://127.0.0.1:${port}/users` : `https://localhost:${port}/users`
    const service = new WebService(url, answering, async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    })
    return service
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close()
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}
