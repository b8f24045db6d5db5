import { MsrpEndpoint } from '../../packages/msrp/src/session/endpoint.ts'
import { MemoryPlatform } from '../../packages/msrp/test/session/memory-platform.ts'
import { RawPeer } from '../../packages/msrp/test/session/raw-peer.ts'
import { type FakeClock, settle } from '../../packages/msrp/test/transport/fake-clock.ts'
import type { World } from '../grammar/conversation.ts'
import { ident } from '../grammar/idents.ts'
import { path } from '../grammar/uris.ts'
import { Random } from '../random.ts'
import type { Target } from '../target.ts'
import { traffic } from '../traffic.ts'
import { Application, sessionOptions } from './application.ts'
import { cameFrom, Sent } from './sent.ts'

/** Where peers say that they are; few, so that one comes again while it is there, or another takes its name. */
const PEERS = ['msrp://peer.example:9000/peersession;tcp', 'msrp://other.example:9000/o;tcp']

/**
 * An endpoint that waits for peers, over memory, with a clock that is moved on: some connections send mutated
 * conversations that know its path and its ids, an application reads, refuses, saves, ignores and answers.
 */
export const endpointTarget: Target = {
  run: async (seed, index) => {
    const random = new Random(seed, index)
    const platform = new MemoryPlatform()
    platform.random = random.bytes
    const stage = new Stage(random, platform)
    await stage.play()
    await stage.end()
    return stage.application.outcome
  },
  bytes: (seed, index) => {
    const random = new Random(seed, index)
    return Buffer.from(traffic(random, strangers), 'latin1')
  },
  slow: 3000,
}

/** For the file of a finding: the run itself depends on what the endpoint answers. */
const strangers: World = { to: (random) => path(random), from: (random) => random.pick(PEERS), id: ident }

/** Keeps account of what it sends, its answers included. */
class Peer extends RawPeer {
  readonly sent: Sent = new Sent()

  override write(text: string | Uint8Array): void {
    this.sent.add(Buffer.from(text))
    super.write(text)
  }
}

class Stage {
  readonly application: Application
  readonly #random: Random
  readonly #platform: MemoryPlatform
  readonly #endpoint: MsrpEndpoint
  readonly #peers: Peer[] = []

  constructor(random: Random, platform: MemoryPlatform) {
    this.#random = random
    this.#platform = platform
    platform.slowDisk = false
    platform.pairOptions = { split: () => 1 + random.size(4000), capacity: random.pick([500, 65_536]) }
    this.#endpoint = new MsrpEndpoint(platform, {
      resumeFor: random.pick([0, 60_000]),
      limits: { unboundTimeout: 30_000, rememberedMessages: random.pick([1, 1000]), interruptedMessages: 2 },
    })
    this.application = new Application(random, (id, bytes) => this.#check(id, bytes))
  }

  async play(): Promise<void> {
    const random = this.#random
    const prepared = await this.#endpoint.prepare({ listen: {}, remotePath: 'first', ...sessionOptions(random) })
    void this.application.serve(prepared.sessions())
    const port = this.#platform.ports.at(-1) ?? 0
    for (let steps = random.between(2, 8); steps > 0; steps--) {
      const peer =
        this.#peers.length === 0 || random.oneIn(4) ? this.#arrive(port, prepared.localPath) : random.pick(this.#peers)
      peer.write(Buffer.from(traffic(random, this.#world(peer, prepared.localPath)), 'latin1'))
      await settle()
      if (random.oneIn(3)) await this.#platform.clock.advance(random.size(70_000))
      if (random.oneIn(8)) random.pick(this.#peers).transport.destroy()
    }
    await prepared.close()
  }

  /** After a while without anything, and the end of all, nothing may be left. */
  async end(): Promise<void> {
    const { clock } = this.#platform
    for (const { transport } of this.#peers) {
      const how = this.#random.below(3)
      if (how === 0) transport.close()
      else if (how === 1) transport.destroy()
    }
    // Either it has long been over, or the endpoint is closed in the middle of it all.
    if (this.#random.oneIn(2)) await clock.advance(200_000)
    await within(() => 'the endpoint closes', this.#endpoint.close(), clock)
    await within(() => this.application.pending, this.application.over())
    if (clock.pending > 0) throw new Error(`${clock.pending} timers are armed after the end`)
    const open = this.#platform.spools.filter((spool) => !spool.closed).length
    if (open > 0) throw new Error(`${open} spools are open after the end`)
    const files = [...this.#platform.files.values()].filter(({ state }) => state === 'open').length
    if (files > 0) throw new Error(`${files} files are neither finished nor discarded after the end`)
    if (this.#platform.ports.length > 0) throw new Error('it listens after the end')
  }

  #arrive(port: number, to: string): Peer {
    const random = this.#random
    const peer = new Peer(this.#platform.arrive(port), to, random.pick(PEERS))
    const answers = random.oneIn(2)
    peer.onRequest = (request) => {
      if (answers && request.method !== 'REPORT') peer.respond(request, random.oneIn(6) ? 413 : 200)
    }
    this.#peers.push(peer)
    if (!random.oneIn(8)) peer.send({ transactionId: ident(random) })
    return peer
  }

  #world(peer: RawPeer, localPath: string): World {
    const ids = peer.seen.slice(-20).map(({ transactionId, field }) => [transactionId, field('Message-ID') ?? 'abcd'])
    return {
      to: (random) => (random.oneIn(20) ? path(random) : localPath),
      from: (random) => (random.oneIn(20) ? path(random) : random.oneIn(20) ? random.pick(PEERS) : peer.from),
      id: (random) => (ids.length > 0 && random.oneIn(3) ? random.pick(random.pick(ids)) : ident(random)),
    }
  }

  #check(messageId: string, bytes: Uint8Array): void {
    const sent = this.#peers.flatMap(({ sent }) => sent.all)
    if (!cameFrom(sent, messageId, bytes)) throw new Error(`a message ${messageId} was shown that was not sent whole`)
  }
}

/** Waits for what needs no more than turns of the event loop and, with a clock, the timers that are armed. */
async function within(what: () => string, promise: Promise<unknown>, clock?: FakeClock): Promise<void> {
  let settled = false
  const done = promise.finally(() => {
    settled = true
  })
  for (let turn = 0; turn < 500 && !settled; turn++) {
    await settle()
    if (turn % 20 === 19 && !settled && clock?.next !== undefined) await clock.advance(clock.next)
  }
  if (!settled) throw new Error(`never: ${what()}`)
  await done
}
