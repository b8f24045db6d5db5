import { type ContinuationFlag, encodeEndLine, type FailureReport, type RequestHead } from 'msrp/wire'
import type { PolicySettings } from '../../src/forwarding/policy/policy-settings.ts'
import { type Arrived, Network, type Node, settle } from './network.ts'

/** A session between two nodes: what each puts into To-Path. */
interface Session {
  ends: readonly [Node, Node]
  paths: readonly [string[], string[]]
}

/** A chunk that was sent, and what it has to come to. */
interface SentChunk {
  id: string
  message: Message
  from: Node
  to: Node
  start: number
  end: number
  flag: ContinuationFlag
  failureReport: FailureReport
  ended: boolean
}

interface Message {
  id: string
  from: Node
  to: Node
  toPath: string[]
  body: Buffer
  failureReport: FailureReport
  over: boolean
}

/** How somebody answers what arrives. */
export type Manner = 'well' | 'not at all' | 'with 415'

/** What may happen. Numbers of sessions and nodes are taken modulo how many there are. */
export type Step =
  | { kind: 'chunk'; session: number; end: 0 | 1; size: number; flag: ContinuationFlag; failureReport: FailureReport }
  | { kind: 'write'; node: number; bytes: number }
  | { kind: 'pause' | 'resume' | 'drop'; node: number }
  | { kind: 'manner'; node: number; manner: Manner }
  | { kind: 'settle' }
  | { kind: 'advance'; seconds: number }

/**
 * Nodes that send each other messages through one relay, chunk by chunk, and keep account of what was sent, what arrived
 * and what was told. What a node still has to answer waits while it is in the middle of a chunk.
 */
export class Traffic {
  readonly network: Network
  readonly nodes: Node[] = []
  readonly chunks: SentChunk[] = []
  readonly #sessions: Session[] = []
  readonly #messages: Map<string, Message> = new Map()
  readonly #open: Map<Node, { chunk: SentChunk; rest: Buffer }> = new Map()
  readonly #manners: Map<Node, Manner> = new Map()
  readonly #answered: Map<Node, number> = new Map()
  readonly #dropped: Set<Node> = new Set()

  private constructor(network: Network) {
    this.network = network
  }

  /** Clients with sessions between each other, one with a peer that came in, one with a peer that is connected to. */
  static async between(options: {
    flowBuffer: number
    capacity: number
    split: (available: number) => number
    sessions: readonly (readonly [number, number])[]
    policy?: PolicySettings
  }): Promise<Traffic> {
    const { flowBuffer, capacity, split, policy } = options
    const network = new Network({ flowBuffer, tokensPerConnection: 100, policy })
    const traffic = new Traffic(network)
    const names = ['alice', 'bob', 'carol']
    network.passwords.set('carol', 'carols')
    for (const name of names) traffic.nodes.push(await network.client(name, { capacity, split }))
    const token = async (index: number): Promise<string> => {
      const node = traffic.nodes[index]!
      await node.authenticate(names[index]!, network.passwords.get(names[index]!)!)
      return node.token
    }
    for (const [one, other] of options.sessions) {
      const [first, second] = [traffic.nodes[one % 3]!, traffic.nodes[other % 3]!]
      const [a, b] = [await token(one % 3), await token(other % 3)]
      traffic.#sessions.push({
        ends: [first, second],
        paths: [
          [a, b, second.uri],
          [b, a, first.uri],
        ],
      })
    }
    const [alice, bob] = [traffic.nodes[0]!, traffic.nodes[1]!]
    const peer = network.connect({ capacity, split, uri: 'msrps://peer.invalid:1/p;tcp' })
    const [a, b] = [await token(0), await token(1)]
    traffic.#sessions.push({
      ends: [peer, alice],
      paths: [
        [a, alice.uri],
        [a, peer.uri],
      ],
    })
    const far = network.within('msrps://far.example.net:7000/f;tcp', { capacity, split })
    traffic.#sessions.push({
      ends: [bob, far],
      paths: [
        [b, far.uri],
        [b, bob.uri],
      ],
    })
    traffic.nodes.push(peer, far)
    // Both sides of each session are known to the relay before anything goes wrong.
    for (const { ends, paths } of traffic.#sessions) {
      for (const side of [0, 1] as const) {
        ends[side].request('SEND', {
          toPath: paths[side],
          fields: [
            ['Message-ID', 'bind'],
            ['Failure-Report', 'no'],
          ],
        })
        await settle()
      }
    }
    return traffic
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#take(step)
    // In the end everybody reads, finishes what he began and answers, or has been silent for long enough.
    for (let round = 0; round < 4; round++) {
      for (const node of this.nodes) {
        node.resume()
        this.#write(node, Number.POSITIVE_INFINITY)
      }
      await settle()
      this.#answer()
      await this.network.clock.advance(31_000)
      this.#answer()
      await settle()
    }
  }

  /** Whether somebody's connection was cut, or closed because the session that it was made for is over. */
  gone(node: Node): boolean {
    return this.#dropped.has(node) || node.closed
  }

  /** Statuses that a sender was told about a chunk: in responses and in REPORTs. */
  told({ id, from, message, start }: SentChunk): { responses: number[]; reports: number[] } {
    const reports = from
      .all('REPORT')
      .filter(({ head: { fields } }) => fields.messageId === message.id && fields.byteRange?.start === start + 1)
      .map(({ head }) => head.fields.status?.code ?? 0)
    return { responses: from.statuses(id), reports }
  }

  /** Which bytes of a message have arrived, and whether its end has; throws for a byte that is not as it was sent. */
  arrived(message: Message): { bytes: Uint8Array; ended: boolean } {
    const bytes = new Uint8Array(message.body.byteLength)
    let ended = false
    for (const { head, body, flag } of message.to.all('SEND')) {
      if (head.fields.messageId !== message.id) continue
      const start = (head.fields.byteRange?.start ?? 1) - 1
      if (!message.body.subarray(start, start + body.byteLength).equals(body)) {
        throw new Error(`bytes ${start + 1} to ${start + body.byteLength} of ${message.id} are not as they were sent`)
      }
      if (flag === '$' && start + body.byteLength !== message.body.byteLength) {
        throw new Error(`${message.id} ends at ${start + body.byteLength} of ${message.body.byteLength}`)
      }
      bytes.fill(1, start, start + body.byteLength)
      ended ||= flag === '$'
    }
    return { bytes, ended }
  }

  /** Message-IDs that came to somebody for whom they were not. */
  get astray(): string[] {
    return this.nodes.flatMap((node) =>
      node
        .all('SEND')
        .map(({ head }) => head.fields.messageId ?? '')
        .filter((id) => id !== 'bind' && this.#messages.get(id)?.to !== node),
    )
  }

  async #take(step: Step): Promise<void> {
    const node = 'node' in step ? this.nodes[step.node % this.nodes.length]! : undefined
    switch (step.kind) {
      case 'chunk':
        this.#begin(step)
        return
      case 'write':
        this.#write(node!, step.bytes)
        return
      case 'pause':
      case 'resume':
        node![step.kind]()
        return
      case 'drop':
        this.#dropped.add(node!)
        node!.pair.drop()
        return
      case 'manner':
        this.#manners.set(node!, step.manner)
        return
      case 'settle':
        await settle()
        this.#answer()
        return
      case 'advance':
        this.#answer()
        await this.network.clock.advance(step.seconds * 1000)
        return
      default:
        step satisfies never
    }
  }

  /** Goes on with the last message in this direction if there is more to come, else begins one. */
  #begin({ session, end, size, flag, failureReport }: Extract<Step, { kind: 'chunk' }>): void {
    const { ends, paths } = this.#sessions[session % this.#sessions.length]!
    const [from, to, toPath] = [ends[end], ends[1 - end]!, paths[end]]
    this.#write(from, Number.POSITIVE_INFINITY)
    const known = [...this.#messages.values()].findLast((one) => one.toPath === toPath && !one.over)
    const id = `message${this.#messages.size}`
    const message = known ?? { id, from, to, toPath, body: Buffer.alloc(0), failureReport, over: false }
    this.#messages.set(message.id, message)
    const start = message.body.byteLength
    const body = Buffer.from(Array.from({ length: size }, (_, index) => ((start + index) * 7919) >> 3))
    message.body = Buffer.concat([message.body, body])
    message.over = flag !== '+'
    // A whole chunk says where it ends, if it may.
    const range = `${start + 1}-${size <= 2048 ? start + size : '*'}/*`
    const chunk: SentChunk = {
      id: from.begin(toPath, [
        ['Message-ID', message.id],
        ['Byte-Range', range],
        ['Failure-Report', message.failureReport],
      ]),
      message,
      from,
      to,
      start,
      end: start + size,
      flag,
      failureReport: message.failureReport,
      ended: false,
    }
    this.chunks.push(chunk)
    this.#open.set(from, { chunk, rest: body })
  }

  /** Writes more of the chunk that a node has begun, and its end when that was all. */
  #write(node: Node, bytes: number): void {
    const open = this.#open.get(node)
    if (open === undefined) return
    node.write(open.rest.subarray(0, bytes))
    open.rest = open.rest.subarray(bytes)
    if (open.rest.byteLength > 0) return
    node.write(encodeEndLine(open.chunk.id, open.chunk.flag, { afterBody: true }))
    open.chunk.ended = true
    this.#open.delete(node)
  }

  #answer(): void {
    for (const node of this.nodes) {
      if (this.#open.has(node)) continue
      const requests: Arrived<RequestHead>[] = node.all('SEND')
      for (const request of requests.slice(this.#answered.get(node) ?? 0)) this.#answerOne(node, request)
      this.#answered.set(node, requests.length)
    }
  }

  #answerOne(node: Node, request: Arrived<RequestHead>): void {
    const manner = this.#manners.get(node) ?? 'well'
    const { failureReport } = request.head.fields
    if (failureReport === 'no' || manner === 'not at all') return
    if (manner === 'with 415') node.respond(request, 415)
    else if (failureReport === 'yes') node.respond(request)
  }
}
