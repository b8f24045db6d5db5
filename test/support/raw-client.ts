import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { nodeHash, nodeRandom } from 'msrp/node'
import {
  ChunkParser,
  type ContinuationFlag,
  digestResponse,
  encodeEndLine,
  encodeRequest,
  encodeResponse,
  type Field,
  formatCredentials,
  formatNonceCount,
  type Head,
  ha1,
  MsrpError,
  newMessageId,
  newTransactionId,
  parseChallenge,
  parsePath,
  type RequestHead,
  type ResponseHead,
} from 'msrp/wire'
import { onTestFinished } from 'vitest'

/** A whole request or response as it arrived. */
export interface Arrived<H extends Head = Head> {
  head: H
  body: Buffer
  flag: ContinuationFlag
}

export interface RawClientOptions {
  port: number
  /** The name to ask for and to find in the certificate; `localhost` when absent. The address is always 127.0.0.1. */
  name?: string
  /** PEM of the authority to trust; without it the connection is plain TCP. */
  ca?: string | Buffer
  /** A client certificate, PEM. */
  certificate?: { certificate: string; key: string }
  /** Its own URI, for From-Path. */
  uri?: string
  /** Hears of each head at once, before its body. */
  onHead?: (head: Head) => void
  /** Whether bodies are kept; true when absent. */
  keepBodies?: boolean
}

export interface RequestOptions {
  toPath: readonly string[]
  fromPath?: readonly string[]
  fields?: readonly Field[]
  body?: string | Uint8Array
  flag?: ContinuationFlag
  transactionId?: string
}

/**
 * One connection that sends whatever bytes a test wants, right or wrong, and collects what comes back. It answers
 * nothing by itself. Destroyed at the end of the test.
 */
export class RawClient {
  readonly uri: string
  /** Whole requests and responses, in the order of their arrival. */
  readonly requests: Arrived<RequestHead>[] = []
  readonly responses: Arrived<ResponseHead>[] = []
  /** Body bytes that arrived, in requests whole or not. */
  bodyBytes = 0
  /** The last Use-Path that an AUTH brought, from here outwards. */
  usePath: readonly string[] = []
  readonly #socket: Socket
  readonly #waiting = new Set<() => void>()
  #closed = false

  /** Connects, with the TLS handshake done. */
  static async connect(options: RawClientOptions): Promise<RawClient> {
    const { port, ca, certificate, name = 'localhost' } = options
    const socket =
      ca === undefined
        ? connectTcp({ host: '127.0.0.1', port })
        : connectTls({
            host: '127.0.0.1',
            port,
            ca,
            servername: name,
            ...(certificate === undefined ? {} : { cert: certificate.certificate, key: certificate.key }),
          })
    onTestFinished(() => {
      socket.destroy()
    })
    await once(socket, ca === undefined ? 'connect' : 'secureConnect')
    return new RawClient(socket, options)
  }

  constructor(socket: Socket, options: RawClientOptions) {
    this.#socket = socket
    this.uri = options.uri ?? 'msrps://client.invalid:9000/client;tcp'
    let current: { head: Head; pieces: Buffer[] } | undefined
    const parser = new ChunkParser({
      onHead: (head) => {
        current = { head, pieces: [] }
        options.onHead?.(head)
      },
      onBody: (bytes) => {
        this.bodyBytes += bytes.byteLength
        if (options.keepBodies !== false) current?.pieces.push(Buffer.from(bytes))
      },
      onEnd: (flag) => {
        if (current === undefined) return
        const { head, pieces } = current
        if (head.kind === 'request') this.requests.push({ head, body: Buffer.concat(pieces), flag })
        else this.responses.push({ head, body: Buffer.concat(pieces), flag })
      },
    })
    socket.setNoDelay(true)
    socket.on('data', (bytes) => {
      parser.push(bytes)
      this.#look()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#closed = true
      this.#look()
    })
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The token that the last AUTH brought. */
  get token(): string {
    return this.usePath.at(-1) ?? ''
  }

  /** What a peer puts into To-Path to reach this client. */
  get path(): string[] {
    return [...[...this.usePath].reverse(), this.uri]
  }

  /** Sends bytes; resolves when they have left this process, or the connection is gone. */
  write(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      // Of a connection that is gone Node tells each write, but only later, so that its end is seen as well.
      this.#socket.write(bytes, () => resolve())
    })
  }

  /** Sends a whole request; returns its transaction id. */
  request(method: string, options: RequestOptions): string {
    const { body, flag = '$', transactionId = newTransactionId(nodeRandom) } = options
    const bytes = Buffer.concat([
      this.head(method, { ...options, transactionId }),
      Buffer.from(body ?? ''),
      encodeEndLine(transactionId, flag, { afterBody: body !== undefined }),
    ])
    this.write(bytes)
    return transactionId
  }

  /** The head of a request, with the blank line when it has a body. */
  head(method: string, options: RequestOptions & { transactionId: string }): Uint8Array {
    const { toPath, fromPath = [this.uri], fields = [], body, transactionId } = options
    return encodeRequest({
      transactionId,
      method,
      toPath: parsePath(toPath.join(' ')),
      fromPath: parsePath(fromPath.join(' ')),
      fields,
      ...(body === undefined ? {} : { contentType: 'text/plain' }),
    })
  }

  /** Sends a message in one chunk; returns its transaction id. */
  send(
    toPath: readonly string[],
    body: string | Uint8Array,
    { fields = [], ...options }: Omit<RequestOptions, 'toPath' | 'body'> = {},
  ): string {
    const size = Buffer.byteLength(body)
    const own: Field[] = [
      ['Message-ID', newMessageId(nodeRandom)],
      ['Byte-Range', `1-${size}/${size}`],
    ]
    const missing = own.filter(([name]) => !fields.some(([other]) => other === name))
    return this.request('SEND', { ...options, toPath, body, fields: [...missing, ...fields] })
  }

  /** Answers a request that arrived, as an endpoint does. */
  respond(to: Arrived<RequestHead>, status = 200): void {
    const { transactionId, method, fields } = to.head
    const toPath = method === 'SEND' ? fields.fromPath.slice(0, 1) : fields.fromPath
    this.write(encodeResponse({ transactionId, status, toPath, fromPath: fields.toPath.slice(0, 1) }))
  }

  /** The response to a transaction. */
  response(transactionId: string, milliseconds?: number): Promise<Arrived<ResponseHead>> {
    return this.until(
      () => this.responses.find(({ head }) => head.transactionId === transactionId),
      `a response to ${transactionId}`,
      milliseconds,
    )
  }

  /** The first request that arrived, or arrives, and fits. */
  nextRequest(
    fits: (request: Arrived<RequestHead>) => boolean = () => true,
    milliseconds?: number,
  ): Promise<Arrived<RequestHead>> {
    return this.until(() => this.requests.find(fits), 'such a request', milliseconds)
  }

  /** How a message fared: the status of its response if that is an error, else of the failure REPORT. */
  async failure(transactionId: string, messageId?: string): Promise<number | undefined> {
    const { head } = await this.response(transactionId)
    if (head.status !== 200) return head.status
    const report = await this.nextRequest(
      (request) =>
        request.head.method === 'REPORT' &&
        (messageId === undefined || request.head.fields.messageId === messageId) &&
        request.head.fields.status?.code !== 200,
    )
    return report.head.fields.status?.code
  }

  /** What `look` gives once it gives something; it is asked whenever something arrives. */
  until<T>(look: () => T | undefined, what: string, milliseconds = 10_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (then: () => void): void => {
        clearTimeout(timer)
        this.#waiting.delete(check)
        then()
      }
      const check = (): void => {
        const found = look()
        if (found !== undefined) settle(() => resolve(found))
        else if (this.#closed) settle(() => reject(new Error(`the connection closed before ${what}: ${this.#heard()}`)))
      }
      const timer = setTimeout(
        () => settle(() => reject(new Error(`no ${what} in ${milliseconds} ms: ${this.#heard()}`))),
        milliseconds,
      )
      this.#waiting.add(check)
      check()
    })
  }

  /** Resolves when the far side has closed the connection. */
  untilClosed(milliseconds = 10_000): Promise<true> {
    return this.until(() => (this.#closed ? true : undefined), 'end of the connection', milliseconds)
  }

  /** Stops reading, so that the kernel's buffers fill. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** AUTH with challenge and credentials; the last response. */
  async authenticate(
    { username, password }: { username: string; password: string },
    options: AuthOptions,
  ): Promise<Arrived<ResponseHead>> {
    const challenged = await this.response(this.request('AUTH', options))
    if (challenged.head.status !== 401) return challenged
    const credentials = credentialsFor(challenged, { username, password, uri: options.toPath.at(-1) ?? '' })
    return this.answer(credentials, options)
  }

  /** AUTH with an Authorization value; the response. */
  async answer(credentials: string, options: AuthOptions): Promise<Arrived<ResponseHead>> {
    const fields: Field[] = [...(options.fields ?? []), ['Authorization', credentials]]
    const response = await this.response(this.request('AUTH', { ...options, fields }))
    const { usePath } = response.head.fields
    if (response.head.status === 200 && usePath !== undefined) this.usePath = usePath.map(String)
    return response
  }

  #look(): void {
    for (const check of [...this.#waiting]) check()
  }

  #heard(): string {
    const requests = this.requests.map(({ head }) => head.method)
    const responses = this.responses.map(({ head }) => head.status)
    return `it has heard ${[...requests, ...responses].slice(-20).join(', ') || 'nothing'}`
  }
}

export interface AuthOptions {
  toPath: readonly string[]
  fromPath?: readonly string[]
  fields?: readonly Field[]
}

/** The Authorization value that answers a 401. */
export function credentialsFor(
  unauthorized: Arrived<ResponseHead>,
  options: { username: string; password: string; uri: string; nonce?: string; count?: number },
): string {
  const { username, password, uri } = options
  const { realm, algorithm, opaque, ...challenge } = parseChallenge(
    unauthorized.head.fields.get('WWW-Authenticate') ?? '',
  )
  if (algorithm === undefined) throw new MsrpError('malformed', 'the challenge names an unknown algorithm')
  const nonce = options.nonce ?? challenge.nonce
  const nc = formatNonceCount(options.count ?? 1)
  const cnonce = 'c0ffee'
  const secret = ha1(nodeHash, algorithm, username, realm, password)
  const response = digestResponse(nodeHash, { algorithm, ha1: secret, nonce, nc, cnonce, uri })
  return formatCredentials({
    username,
    realm,
    nonce,
    uri,
    response,
    algorithm,
    cnonce,
    nc,
    ...(opaque === undefined ? {} : { opaque }),
  })
}
