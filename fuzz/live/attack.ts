import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { World } from '../grammar/conversation.ts'
import { ident } from '../grammar/idents.ts'
import { path } from '../grammar/uris.ts'
import { Random } from '../random.ts'
import { traffic } from '../traffic.ts'
import type { EndpointVictim } from './endpoint.ts'
import type { RelayVictim } from './relay.ts'
import { openSocket } from './socket.ts'

/** How long the far side may take to close after our end of the connection was closed. Milliseconds. */
const CLOSING_TIME = 15_000

/** URIs of this machine and of nowhere, since the relay may connect to them. */
const SAFE = [
  'msrp://127.0.0.1:1/x;tcp',
  'msrps://127.0.0.1:1/y;tcp',
  'msrps://[::1]:9/z;tcp',
  'msrps://a.invalid:1/a;tcp',
]

/** Who is attacked. */
export interface Victims {
  readonly relay: RelayVictim
  readonly endpoint: EndpointVictim
}

/** Attacks that a number stands for. */
export type Way =
  | 'relay over TLS'
  | 'relay over TCP'
  | 'relay, logged in'
  | 'endpoint over TCP'
  | 'endpoint over TLS'
  | 'no MSRP'

const WAYS: readonly Way[] = [
  'relay over TLS',
  'relay over TCP',
  'relay over TCP',
  'relay, logged in',
  'relay, logged in',
  'endpoint over TCP',
  'endpoint over TCP',
  'endpoint over TCP',
  'endpoint over TLS',
  'no MSRP',
]

/**
 * One connection: connects, logs in where that is its way, sends mutated traffic in pieces, and ends.
 * @throws Error when the far side does not close what was closed here.
 */
export async function attack(victims: Victims, seed: number, index: number): Promise<Way> {
  const random = new Random(seed, index)
  const way = random.pick(WAYS)
  const { relay, endpoint } = victims
  switch (way) {
    case 'relay over TLS':
      await play(await openSocket({ port: relay.port, ca: relay.ca }), random, stranger(relay))
      break
    case 'relay over TCP':
      await play(await openSocket({ port: relay.tcpPort }), random, stranger(relay))
      break
    case 'relay, logged in': {
      const { socket, client } = await relay.login('alice')
      await play(socket, random, holder(relay, client.token, client.uri, index))
      break
    }
    case 'no MSRP': {
      const port = random.pick([relay.port, relay.tcpPort, ...endpoint.paths.map(portOf)])
      await play(await openSocket({ port }), random, stranger(relay), true)
      break
    }
    default: {
      const secure = way === 'endpoint over TLS'
      const to = random.pick(endpoint.paths.filter((one) => one.startsWith('msrps:') === secure))
      await play(await openSocket({ port: portOf(to), ...(secure ? { ca: endpoint.ca } : {}) }), random, caller(to))
    }
  }
  return way
}

function portOf(uri: string): number {
  return Number(/:(\d+)\//.exec(uri)?.[1])
}

async function play(socket: Socket, random: Random, world: World, noise = false): Promise<void> {
  socket.resume()
  const closed = new Promise<void>((resolve) => {
    if (socket.closed) resolve()
    socket.once('close', () => resolve())
  })
  for (let pieces = random.between(1, 4); pieces > 0 && !socket.destroyed; pieces--) {
    const text = noise ? random.binary(random.size(3000)) : traffic(random, world)
    const cut = random.below(text.length + 1)
    socket.write(Buffer.from(text.slice(0, cut), 'latin1'))
    if (random.oneIn(2)) await new Promise((resolve) => setImmediate(resolve))
    socket.write(Buffer.from(text.slice(cut), 'latin1'))
  }
  endSomehow(socket, random)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`the connection was not closed within ${CLOSING_TIME} ms of its end here`))
    }, CLOSING_TIME)
  })
  await Promise.race([closed, late]).finally(() => clearTimeout(timer))
}

/** In order, in the middle, or with a reset, which TLS has none of its own of. */
function endSomehow(socket: Socket, random: Random): void {
  const how = random.below(6)
  if (how === 0 && !(socket instanceof TLSSocket)) socket.resetAndDestroy()
  else if (how <= 1) socket.destroy()
  else socket.end()
}

function worldOf(tos: readonly string[], froms: readonly string[]): World {
  return {
    to: (random) => (random.oneIn(20) ? path(random, safe) : random.pick(tos)),
    from: (random) => (random.oneIn(20) ? path(random, safe) : random.pick(froms)),
    id: ident,
  }
}

function safe(random: Random): string {
  return random.pick(SAFE)
}

/** Somebody who knows the path of a client, and has not logged in. */
function stranger(relay: RelayVictim): World {
  const to = relay.bystander.join(' ')
  return worldOf(
    [to, to, relay.uri, SAFE[0] ?? ''],
    ['msrps://stranger.invalid:1/s;tcp', 'msrp://other.invalid:1/o;tcp'],
  )
}

/** Somebody who has logged in. */
function holder(relay: RelayVictim, token: string, uri: string, index: number): World {
  const tos = [relay.bystander.join(' '), relay.hop(index), relay.hop(index), safe(new Random(index)), uri]
  return worldOf([...tos.map((to) => `${token} ${to}`), token, relay.uri], [uri, uri, uri, uri, token])
}

/** A peer of an endpoint. */
function caller(to: string): World {
  return worldOf(
    [to],
    ['msrp://caller.invalid:1/c;tcp', 'msrp://caller.invalid:1/c;tcp', 'msrp://another.invalid:1/a;tcp'],
  )
}
