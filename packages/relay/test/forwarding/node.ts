import { nodeHash, nodeRandom } from 'msrp/node'
import {
  ChunkParser,
  type ContinuationFlag,
  type Credentials,
  type DigestAlgorithm,
  digestResponse,
  encodeEndLine,
  encodeRequest,
  encodeResponse,
  type Field,
  formatCredentials,
  type Head,
  ha1,
  type MsrpUri,
  newTransactionId,
  parsePath,
  type RequestHead,
  type ResponseHead,
} from 'msrp/wire'
import { settle } from '../../../msrp/test/transport/fake-clock.ts'
import type { MemoryPair } from '../../../msrp/test/transport/memory-transport.ts'

/** A whole request or response as it arrived. */
export interface Arrived<H extends Head = Head> {
  head: H
  body: Buffer
  flag: ContinuationFlag
}

/** What a test writes into a request. */
export interface RequestOptions {
  toPath: readonly string[]
  fromPath?: readonly string[]
  fields?: readonly Field[]
  body?: string | Uint8Array
  contentType?: string
  flag?: ContinuationFlag
  transactionId?: string
}

/** What a test does differently when it answers a challenge. */
export interface AuthOptions {
  toPath?: readonly string[]
  fromPath?: readonly string[]
  fields?: readonly Field[]
  algorithm?: DigestAlgorithm
  /** Put into Authorization after the response was computed. */
  change?: Partial<Credentials>
  nc?: string
}

/** Where AUTH goes unless a test says otherwise. */
export const RELAY = 'msrps://relay.example.com:2855;tcp'

/** The far end of a connection of the relay, played by the test byte for byte. */
export class Node {
  readonly pair: MemoryPair
  readonly uri: string
  readonly requests: Arrived<RequestHead>[] = []
  readonly responses: Arrived<ResponseHead>[] = []
  closed = false
  /** Whether SENDs are answered 200 as they come. */
  answers = false
  /** Use-Path of the last AUTH. */
  usePath: readonly MsrpUri[] = []
  readonly #received: Buffer[] = []
  /** What is arriving. */
  open: { head: Head; body: Buffer[] } | undefined

  constructor(pair: MemoryPair, uri: string = 'msrps://peer.invalid:9000/peer;tcp') {
    this.pair = pair
    this.uri = uri
    const parser = new ChunkParser({
      onHead: (head) => {
        this.open = { head, body: [] }
      },
      onBody: (bytes) => this.open?.body.push(Buffer.from(bytes)),
      onEnd: (flag) => this.#arrived(flag),
    })
    pair.left.start({
      onData: (bytes) => {
        this.#received.push(Buffer.from(bytes))
        parser.push(bytes)
      },
      onDrain: () => {},
      onClose: () => {
        this.closed = true
      },
    })
  }

  /** Every byte that came. */
  get received(): Buffer {
    return Buffer.concat(this.#received)
  }

  get token(): string {
    return String(this.usePath.at(-1))
  }

  /** What a peer puts into To-Path to reach this client: its relays outside in, then itself. */
  get path(): string[] {
    return [...[...this.usePath].reverse().map(String), this.uri]
  }

  /** What arrived of one message, as it stands in the chunks. */
  body(messageId = 'message1'): Buffer {
    const chunks = this.requests.filter(({ head }) => head.method === 'SEND' && head.fields.messageId === messageId)
    return Buffer.concat(chunks.map(({ body }) => body))
  }

  /** Requests of one method. */
  all(method: string): Arrived<RequestHead>[] {
    return this.requests.filter(({ head }) => head.method === method)
  }

  /** Statuses of the responses to one transaction. */
  statuses(transactionId: string): number[] {
    return this.responses.filter(({ head }) => head.transactionId === transactionId).map(({ head }) => head.status)
  }

  /** `status range` of each REPORT that came. */
  get reports(): string[] {
    return this.all('REPORT').map(({ head }) => `${head.fields.status?.code} ${head.fields.get('Byte-Range')}`)
  }

  pause(): void {
    this.pair.left.pause()
  }

  resume(): void {
    this.pair.left.resume()
  }

  /** Ends the connection in order. */
  close(): void {
    this.pair.left.close()
  }

  write(bytes: string | Uint8Array): void {
    this.pair.left.write(Buffer.from(bytes))
  }

  /** Sends a whole request; returns its transaction id. */
  request(method: string, options: RequestOptions): string {
    const { transactionId = newTransactionId(nodeRandom), body, flag = '$' } = options
    this.write(
      Buffer.concat([
        this.#head(method, transactionId, options),
        Buffer.from(body ?? ''),
        encodeEndLine(transactionId, flag, { afterBody: body !== undefined }),
      ]),
    )
    return transactionId
  }

  /** Sends a whole message; returns its transaction id. */
  send(toPath: readonly string[], body: string | Uint8Array, fields: readonly Field[] = []): string {
    const size = Buffer.byteLength(body)
    return this.request('SEND', { toPath, body, fields: withDefaults(fields, `1-${size}/${size}`) })
  }

  /** Begins a SEND; `write` goes on with its body and `end` ends it. */
  begin(toPath: readonly string[], fields: readonly Field[] = []): string {
    const transactionId = newTransactionId(nodeRandom)
    this.write(this.#head('SEND', transactionId, { toPath, body: '', fields: withDefaults(fields, '1-*/*') }))
    return transactionId
  }

  end(transactionId: string, flag: ContinuationFlag = '$'): void {
    this.write(encodeEndLine(transactionId, flag, { afterBody: true }))
  }

  /** Answers a request that arrived, as an endpoint does. */
  respond(to: Arrived<RequestHead> | undefined, status = 200, fields: readonly Field[] = []): void {
    if (to === undefined) throw new Error('there is no request to respond to')
    this.respondTo(to.head, status, fields)
  }

  respondTo({ transactionId, method, fields: asked }: RequestHead, status = 200, fields: readonly Field[] = []): void {
    this.write(
      encodeResponse({
        transactionId,
        status,
        toPath: method === 'SEND' ? asked.fromPath.slice(0, 1) : asked.fromPath,
        fromPath: asked.toPath.slice(0, 1),
        fields,
      }),
    )
  }

  /** A REPORT about a request that arrived. */
  report(about: Arrived<RequestHead> | undefined, status = '000 200 OK', range = '1-5/5'): void {
    this.request('REPORT', {
      toPath: about!.head.fields.fromPath.map(String),
      fields: [
        ['Message-ID', about!.head.fields.messageId ?? ''],
        ['Byte-Range', range],
        ['Status', status],
      ],
    })
  }

  /** The response to a transaction, once everything has settled. */
  async response(transactionId: string): Promise<Arrived<ResponseHead>> {
    await settle()
    const found = this.responses.find(({ head }) => head.transactionId === transactionId)
    if (found === undefined) throw new Error(`no response to ${transactionId}`)
    return found
  }

  /** An AUTH without credentials, answered. */
  challenge({ toPath = [RELAY], fromPath }: AuthOptions = {}): Promise<Arrived<ResponseHead>> {
    return this.response(this.request('AUTH', { toPath, fromPath }))
  }

  /** An AUTH with credentials for a challenge or nextnonce, answered. */
  async answer(
    unauthorized: Arrived<ResponseHead>,
    username: string,
    password: string,
    options: AuthOptions = {},
  ): Promise<Arrived<ResponseHead>> {
    const { toPath = [RELAY], fromPath, fields = [] } = options
    const value = authorization(unauthorized, username, password, options)
    const response = await this.response(
      this.request('AUTH', { toPath, fromPath, fields: [['Authorization', value], ...fields] }),
    )
    if (response.head.status === 200) this.usePath = response.head.fields.usePath ?? []
    return response
  }

  /** AUTH with challenge and credentials; returns the last response. */
  async authenticate(username: string, password: string, options: AuthOptions = {}): Promise<Arrived<ResponseHead>> {
    const first = await this.challenge(options)
    return first.head.status === 401 ? this.answer(first, username, password, options) : first
  }

  #head(method: string, transactionId: string, options: RequestOptions): Uint8Array {
    const { toPath, fromPath = [this.uri], fields, body, contentType } = options
    return encodeRequest({
      transactionId,
      method,
      toPath: parsePath(toPath.join(' ')),
      fromPath: parsePath(fromPath.join(' ')),
      fields,
      contentType: contentType ?? (body === undefined ? undefined : 'text/plain'),
    })
  }

  #arrived(flag: ContinuationFlag): void {
    const { head, body } = this.open!
    this.open = undefined
    const arrived = { body: Buffer.concat(body), flag }
    if (head.kind === 'response') {
      this.responses.push({ head, ...arrived })
      return
    }
    this.requests.push({ head, ...arrived })
    if (this.answers && head.method === 'SEND' && head.fields.failureReport === 'yes') this.respondTo(head)
  }
}

/** The Authorization value that answers a 401, or uses the nextnonce of a 200. */
export function authorization(
  response: Arrived<ResponseHead>,
  username: string,
  password: string,
  { toPath = [RELAY], algorithm = 'md5', nc = '00000001', change = {} }: AuthOptions = {},
): string {
  const { wwwAuthenticate, authenticationInfo } = response.head.fields
  const challenge = wwwAuthenticate.find((one) => one.algorithm === algorithm)
  const realm = challenge?.realm ?? 'example.com'
  const nonce = challenge?.nonce ?? authenticationInfo?.nextnonce ?? ''
  const uri = toPath.at(-1) ?? ''
  const cnonce = 'c0ffee'
  const input = { algorithm, ha1: ha1(nodeHash, algorithm, username, realm, password), nonce, nc, cnonce, uri }
  const opaque = challenge?.opaque
  const digest = digestResponse(nodeHash, input)
  return formatCredentials({ username, realm, nonce, uri, response: digest, algorithm, cnonce, nc, opaque, ...change })
}

function withDefaults(fields: readonly Field[], range: string): Field[] {
  const named = (name: string): boolean => fields.some(([other]) => other === name)
  return [
    ...(named('Message-ID') ? [] : [['Message-ID', 'message1'] as Field]),
    ...(named('Byte-Range') ? [] : [['Byte-Range', range] as Field]),
    ...fields,
  ]
}
