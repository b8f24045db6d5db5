import { createHash } from 'node:crypto'
import { type Clock, MsrpConnection, type Transport } from '../../src/connection/index.ts'
import { nodeHash } from '../../src/node/node-crypto.ts'
import { PARTS_AT_HAND } from '../../src/session/parts-at-hand.ts'
import type { PendingRequest } from '../../src/session/pending-request.ts'
import {
  type AuthenticateOptions,
  authenticate,
  type CredentialsFor,
  type RelayCredentials,
  RelayMemory,
  type RelayRegistration,
} from '../../src/session/relay-client/index.ts'
import {
  ChunkParser,
  type Credentials,
  encodeResponse,
  type Field,
  formatPath,
  MsrpUri,
  parseCredentials,
  type RandomBytes,
  type RequestHead,
} from '../../src/wire/index.ts'
import { FakeClock } from '../transport/fake-clock.ts'
import { memoryPair } from '../transport/memory-transport.ts'

/** An AUTH as it came to the relay. */
export interface ReceivedAuth {
  /** Counts from 1 over all connections. */
  readonly number: number
  readonly head: RequestHead
  /** All bytes, end-line included. */
  readonly text: string
  readonly toPath: string
  readonly authorization: Credentials | undefined
  /** When it came, in the clock's milliseconds. */
  readonly at: number
}

/** What the relay does with it. `raw` stands for bytes of the test's own; the transaction id replaces `TID`. */
export type Reply =
  | { readonly status: number; readonly comment?: string; readonly fields?: readonly Field[] }
  | { readonly raw: string; readonly rest?: Reply & { readonly later: number } }
  | { readonly later: number; readonly reply: Reply }
  | 'silence'
  | 'close'

export type Script = (auth: ReceivedAuth) => Reply

/** A relay that does to each AUTH what the script says, in real bytes. */
export class ScriptedRelay {
  readonly clock: FakeClock = new FakeClock()
  readonly received: ReceivedAuth[] = []
  readonly connections: MsrpConnection<PendingRequest>[] = []
  /** Changed in mid-test to have it behave differently from then on. */
  script: Script
  secure = true

  constructor(script: Script) {
    this.script = script
  }

  get last(): ReceivedAuth {
    return this.received.at(-1)!
  }

  /** What a client dials: an `MsrpConnection` over memory. */
  connect = async (): Promise<MsrpConnection<PendingRequest>> => {
    const pair = memoryPair({ secure: this.secure, split: 97 })
    const bytes: number[] = []
    let head: RequestHead | undefined
    const parser = new ChunkParser({
      onHead: (it) => {
        head = it as RequestHead
      },
      onBody: () => {},
      onEnd: () => {
        const text = new TextDecoder().decode(new Uint8Array(bytes.splice(0)))
        const authorization = head!.fields.get('Authorization')
        const auth: ReceivedAuth = {
          number: this.received.length + 1,
          head: head!,
          text,
          toPath: formatPath(head!.fields.toPath),
          authorization: authorization === undefined ? undefined : parseCredentials(authorization),
          at: this.clock.now(),
        }
        this.received.push(auth)
        this.#reply(auth, this.script(auth), pair.right)
      },
    })
    pair.right.start({
      onData: (piece) => {
        // One byte at a time, so that `text` ends where the request does.
        for (const byte of piece) {
          bytes.push(byte)
          parser.push(Uint8Array.of(byte))
        }
      },
      onDrain: () => {},
      onClose: () => {},
    })
    const connection = clientConnection(pair.left, this.clock)
    this.connections.push(connection)
    return connection
  }

  #reply(auth: ReceivedAuth, reply: Reply, transport: { write(bytes: Uint8Array): void; close(): void }): void {
    const { transactionId, fields } = auth.head
    if (reply === 'silence') return
    if (reply === 'close') {
      transport.close()
    } else if ('later' in reply) {
      this.clock.after(reply.later, () => this.#reply(auth, reply.reply, transport))
    } else if ('raw' in reply) {
      transport.write(new TextEncoder().encode(reply.raw.replaceAll('TID', transactionId)))
      if (reply.rest !== undefined) this.#reply(auth, reply.rest, transport)
    } else {
      const { toPath, fromPath } = fields
      transport.write(encodeResponse({ transactionId, ...reply, toPath: fromPath, fromPath: toPath }))
    }
  }
}

/** A connection whose owner does for AUTH what an endpoint does: passes on what becomes of it. */
export function clientConnection(
  transport: Transport,
  clock: Clock,
  random: RandomBytes = countingRandom(),
): MsrpConnection<PendingRequest> {
  const connection = new MsrpConnection<PendingRequest>({
    transport,
    clock,
    random,
    reader: ChunkParser,
    handler: {
      request: () => {},
      requestBody: () => {},
      requestEnd: () => {},
      response: (head, pending) => pending.answered(head),
      timeout: (pending) => pending.timedOut(),
      unsent: (pending) => pending.lost(),
      closed: (error, unanswered) => {
        for (const pending of unanswered) pending.lost(error)
      },
    },
  })
  connection.start()
  return connection
}

/** Bytes 1, 2, 3 … so that ids and cnonces are the same in every run and never twice the same. */
export function countingRandom(): (size: number) => Uint8Array {
  let next = 1
  return (size) => Uint8Array.from({ length: size }, () => next++ & 0xff)
}

export const RELAY: MsrpUri = MsrpUri.parse('msrps://relay.example.com:2855;tcp')
export const LOCAL: MsrpUri = MsrpUri.parse('msrps://client.invalid:2855/l0calses510n;tcp')
export const USERNAME: string = 'alice'
export const PASSWORD: string = 'Pass:Wörd "1234"'
export const REALM: string = 'relay.example.com'

/** What owns a client's connection. */
export interface Client {
  readonly msrp: MsrpConnection<PendingRequest>
}

/** What `authenticate` takes; credentials that are the same for all relays as they are. */
export type RegisterOptions = Omit<Partial<AuthenticateOptions<Client>>, 'credentials' | 'platform'> &
  Partial<AuthenticateOptions<Client>['platform']> & {
    readonly credentials?: RelayCredentials | CredentialsFor
  }

/** `authenticate` with the usual values. */
export function register(
  relay: ScriptedRelay,
  {
    credentials = { username: USERNAME, password: PASSWORD },
    random = countingRandom(),
    parts = PARTS_AT_HAND,
    ...options
  }: RegisterOptions = {},
): Promise<RelayRegistration<Client>> {
  return authenticate({
    connect: async () => ({ msrp: await relay.connect() }),
    relays: [RELAY],
    localUri: LOCAL,
    credentials: typeof credentials === 'function' ? credentials : () => credentials,
    platform: { clock: relay.clock, random, hash: nodeHash, parts },
    memory: new RelayMemory(),
    ...options,
  })
}

/** A 401 with these WWW-Authenticate values. */
export function challenge(...values: string[]): Reply {
  const all = values.length > 0 ? values : [`Digest realm="${REALM}", qop="auth", nonce="n0nce"`]
  return { status: 401, fields: all.map((value): Field => ['WWW-Authenticate', value]) }
}

/** A 200 with a Use-Path and whatever else. */
export function granted(usePath: string, ...fields: Field[]): Reply {
  const expires: Field[] = fields.some(([name]) => name === 'Expires') ? [] : [['Expires', '900']]
  return { status: 200, fields: [['Use-Path', usePath], ...expires, ...fields] }
}

/** The token URI of the relay at `RELAY`. */
export function token(name: string): string {
  return `msrps://relay.example.com:2855/${name};tcp`
}

function h(algorithm: string, text: string): string {
  return createHash(algorithm).update(text, 'utf8').digest('hex')
}

/** Whether credentials are right: RFC 7616 §3.4.1 written out once more, apart from the code under test. */
export function isRight(auth: ReceivedAuth, password: string = PASSWORD): boolean {
  const { authorization } = auth
  if (authorization === undefined) return false
  return authorization.response === digest(auth, 'AUTH', password)
}

/** The rspauth of a relay that knows the password. */
export function proof(auth: ReceivedAuth, password: string = PASSWORD): string {
  return digest(auth, '', password)
}

function digest({ authorization, head }: ReceivedAuth, method: string, password: string): string {
  const { username, realm, nonce, nc, cnonce, algorithm } = authorization!
  const hash = algorithm === 'sha-256' ? 'sha256' : 'md5'
  const uri = String(head.fields.toPath.at(-1))
  const a1 = h(hash, `${username}:${realm}:${password}`)
  return h(hash, `${a1}:${nonce}:${nc}:${cnonce}:auth:${h(hash, `${method}:${uri}`)}`)
}

/** Authentication-Info as RFC 4976 §9.1 wants it. */
export function authenticationInfo(auth: ReceivedAuth, nextnonce?: string): Field {
  const { cnonce, nc } = auth.authorization!
  const next = nextnonce === undefined ? '' : `nextnonce="${nextnonce}", `
  return ['Authentication-Info', `${next}rspauth="${proof(auth)}", cnonce="${cnonce}", nc=${nc}, qop=auth`]
}
