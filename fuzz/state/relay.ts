import { FakeClock } from '../../packages/msrp/test/transport/fake-clock.ts'
import { Network, type Node, RELAY, settle } from '../../packages/relay/test/forwarding/network.ts'
import { response, type World } from '../grammar/conversation.ts'
import { ident } from '../grammar/idents.ts'
import { path } from '../grammar/uris.ts'
import { Random } from '../random.ts'
import type { Target } from '../target.ts'
import { traffic } from '../traffic.ts'
import { Sent } from './sent.ts'

const FAR = 'msrps://far.example.net:7000/f;tcp'

/** Whoever sends what he likes: a client with a token, a stranger, a peer that was dialled, another relay. */
type Attacker = 'alice' | 'stranger' | 'far' | 'relay'

/**
 * A relay over memory, with a clock that is moved on: clients who behave and who do not, all of whom know each other's
 * tokens. Whatever the latter send, the former get only what was sent to them, whole requests all, and keep their service.
 */
export const relayTarget: Target = {
  run: async (seed, index) => {
    const scene = await Scene.set(new Random(seed, index))
    await scene.play()
    await scene.end()
    return scene.outcome
  },
  bytes: (seed, index) => {
    const random = new Random(seed, index)
    const anywhere: World = { to: (one) => path(one), from: (one) => path(one), id: ident }
    return Buffer.from(traffic(random, anywhere), 'latin1')
  },
  slow: 3000,
}

class Scene {
  readonly #random: Random
  readonly #network: Network
  readonly #alice: Node
  readonly #bob: Node
  readonly #carol: Node
  readonly #others: Map<Attacker, Node> = new Map()
  readonly #sent: Map<Node, Sent> = new Map()
  #pathForAlice: string[] = []

  static async set(random: Random): Promise<Scene> {
    const settings = {
      authFailures: random.pick([3, 1000]),
      tokensPerConnection: random.pick([2, 8]),
      flowBuffer: random.pick([3000, 65_536]),
      sharedConnectionsTo: random.pick([[], ['other.example.com']]),
    }
    const network = new Network(settings, new FakeClock(), random.bytes)
    network.passwords.set('carol', 'carols')
    const split = (): number => 1 + random.size(4000)
    const options = { split, capacity: random.pick([500, 65_536]) }
    const alice = await network.client('alice', options)
    const bob = await network.client('bob', options)
    const carol = await network.client('carol', options)
    const scene = new Scene(random, network, [alice, bob, carol])
    await scene.#meet()
    return scene
  }

  constructor(random: Random, network: Network, [alice, bob, carol]: readonly [Node, Node, Node]) {
    this.#random = random
    this.#network = network
    this.#alice = alice
    this.#bob = bob
    this.#carol = carol
    bob.answers = true
    carol.answers = true
    this.#others.set('alice', alice)
    this.#others.set('stranger', network.connect({ uri: 'msrps://stranger.invalid:1/s;tcp' }))
    this.#others.set('far', network.within(FAR))
    const relay = 'msrps://other.example.com:2855/r3lay;tcp'
    this.#others.set('relay', network.connect({ uri: relay, certificate: ['other.example.com'] }))
    for (const node of this.#others.values()) this.#sent.set(node, new Sent())
  }

  /** How much came through, in a word. */
  get outcome(): string {
    const sends = [...this.#bob.requests, ...this.#carol.requests].filter(({ head }) => head.method === 'SEND').length
    return sends > 4 ? 'much got through' : sends > 1 ? 'something got through' : 'nothing got through'
  }

  /** Bob has a path for Alice and another one for Carol, who is there already; each serves one peer. */
  async #meet(): Promise<void> {
    this.#pathForAlice = this.#bob.path
    await this.#bob.authenticate('bob', 'builder')
    await this.#greet('hello')
  }

  async play(): Promise<void> {
    const random = this.#random
    for (let steps = random.between(2, 10); steps > 0; steps--) {
      const attacker = random.pick<Attacker>(['alice', 'alice', 'alice', 'stranger', 'far', 'relay'])
      const node = this.#others.get(attacker) ?? this.#alice
      this.#write(node, traffic(random, this.#world(node)))
      if (random.oneIn(20)) node.pause()
      await settle()
      this.#answerSomehow()
      // Tokens live for 900 s.
      if (random.oneIn(4)) await this.#network.clock.advance(random.size(60_000))
      if (random.oneIn(10)) random.oneIn(2) ? node.close() : node.pair.drop()
    }
    await settle()
  }

  /** Those who do not behave answer what has come to them, with whatever fields. */
  #answerSomehow(): void {
    for (const node of this.#others.values()) {
      const request = node.requests.at(-1)?.head
      if (request === undefined || this.#random.oneIn(2)) continue
      const world: World = {
        to: () => request.fields.fromPath.join(' '),
        from: () => node.uri,
        id: () => request.transactionId,
      }
      this.#write(node, response(this.#random, world))
    }
  }

  /** An answer may be part of a body that has not ended, so account is kept of everything. */
  #write(node: Node, text: string): void {
    const bytes = Buffer.from(text, 'latin1')
    this.#sent.get(node)?.add(bytes)
    node.write(bytes)
  }

  /** Those who behaved have lost nothing, and when all are gone nothing is left of them. */
  async end(): Promise<void> {
    const { clock, relay } = this.#network
    await clock.advance(31_000)
    for (const victim of [this.#bob, this.#carol]) {
      if (victim.closed) throw new Error('a client who did nothing wrong was disconnected')
      this.#checkArrived(victim)
    }
    for (const { requests, responses } of [this.#bob, this.#carol, ...this.#others.values()]) {
      for (const { head } of [...requests, ...responses]) {
        const line = head.fields.malformedLine
        if (line !== undefined) throw new Error(`a line was passed on that is no header field: ${JSON.stringify(line)}`)
      }
    }
    await this.#greet('still.there')
    for (const node of [this.#bob, this.#carol, ...this.#others.values()]) {
      node.resume()
      node.close()
    }
    await clock.advance(5_000_000)
    const left = { connections: relay.connections, tokens: relay.tokens, timers: clock.pending }
    if (Object.values(left).some((count) => count > 0)) throw new Error(`left after the end: ${JSON.stringify(left)}`)
  }

  /** A message of one who behaves to another arrives, and is answered. */
  async #greet(text: string): Promise<void> {
    const id = this.#carol.send([this.#carol.token, ...this.#bob.path], text, [['Message-ID', text]])
    await settle()
    await settle()
    const [arrived, statuses] = [this.#bob.body(text).toString(), this.#carol.statuses(id).join()]
    if (arrived !== text || statuses !== '200') {
      throw new Error(`a proper message was answered "${statuses}" and came as "${arrived}"`)
    }
  }

  /** Whatever requests came were sent, and their bodies stood in theirs. */
  #checkArrived(victim: Node): void {
    const sent = [...this.#sent.values()].flatMap((one) => one.all)
    for (const { head, body } of victim.requests) {
      const { messageId } = head.fields
      if (head.method === 'REPORT' || messageId === 'hello') continue
      const fits = sent.some(
        (one) => one.head.method === head.method && one.head.fields.messageId === messageId && one.body.includes(body),
      )
      if (!fits) throw new Error(`a ${head.method} with Message-ID ${messageId} arrived that nobody sent`)
    }
  }

  #world(node: Node): World {
    const [alice, bob, carol] = [this.#alice, this.#bob, this.#carol]
    const tos = [
      [alice.token, ...this.#pathForAlice],
      [alice.token, ...this.#pathForAlice],
      [alice.token, ...bob.path],
      [alice.token, ...carol.path],
      [alice.token, FAR],
      [alice.token, 'msrps://nowhere.example:1/n;tcp'],
      [alice.token],
      [alice.token, alice.token, alice.uri],
      [...this.#pathForAlice],
      [...carol.path],
      [RELAY],
      [RELAY, 'msrps://other.example.com:2855;tcp'],
      [...alice.path],
    ].map((uris) => uris.join(' '))
    const ids = node.requests.slice(-20).map(({ head }) => [head.transactionId, head.fields.messageId ?? 'abcd'])
    const open = node.open?.head.transactionId
    if (open !== undefined) ids.push([open, open])
    return {
      to: (random) => (random.oneIn(20) ? path(random) : random.pick(tos)),
      from: (random) => (random.oneIn(20) ? path(random) : random.oneIn(20) ? random.pick(tos) : node.uri),
      id: (random) => (ids.length > 0 && random.oneIn(3) ? random.pick(random.pick(ids)) : ident(random)),
    }
  }
}
