import type { IncomingMessage, PreparedSession, Session } from '../../src/session/api.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import type { ConnectOptions, EndpointOptions, PrepareOptions } from '../../src/session/options.ts'
import { MemoryPlatform } from './memory-platform.ts'
import { RawPeer } from './raw-peer.ts'

export const PEER = 'msrp://peer.example:9000/peersession;tcp'
export const OTHER = 'msrp://other.example:9000/othersession;tcp'

export interface PassiveStage {
  platform: MemoryPlatform
  endpoint: MsrpEndpoint
  prepared: PreparedSession
  port: number
  /** A connection of another peer, or of the same one again. */
  arrive(from?: string): RawPeer
}

/** An endpoint that waits for peers. */
export async function waiting(
  options: PrepareOptions = {},
  more: EndpointOptions = {},
  setUp: (platform: MemoryPlatform) => void = () => {},
): Promise<PassiveStage> {
  const platform = new MemoryPlatform()
  setUp(platform)
  const endpoint = new MsrpEndpoint(platform, more)
  const prepared = await endpoint.prepare({ listen: {}, remotePath: 'first', ...options })
  const port = platform.ports.at(-1)!
  return {
    platform,
    endpoint,
    prepared,
    port,
    arrive: (from = PEER) => new RawPeer(platform.arrive(port), prepared.localPath, from),
  }
}

export interface Stage {
  platform: MemoryPlatform
  endpoint: MsrpEndpoint
  session: Session
  peer: RawPeer
}

/** A session that a peer written by hand has opened. */
export async function passive(
  options: PrepareOptions = {},
  more: EndpointOptions = {},
  setUp: (platform: MemoryPlatform) => void = () => {},
): Promise<Stage & PassiveStage> {
  const stage = await waiting(options, more, setUp)
  const peer = stage.arrive()
  const transactionId = peer.send()
  await peer.response(transactionId)
  const session = (await stage.prepared.sessions().next()).value as Session
  return { ...stage, session, peer }
}

/** A session that the endpoint has opened to a peer written by hand. */
export async function active(
  options: Partial<ConnectOptions> = {},
  setUp: (platform: MemoryPlatform) => void = () => {},
): Promise<Stage> {
  const platform = new MemoryPlatform()
  setUp(platform)
  const endpoint = new MsrpEndpoint(platform, {})
  const connecting = endpoint.connect({ path: PEER, ...options })
  const peer = await dialledPeer(platform)
  const bind = await peer.request('SEND')
  peer.to = bind.field('From-Path')!
  peer.respond(bind)
  return { platform, endpoint, session: await connecting, peer }
}

/** The far end of the latest connection that was dialled. */
export async function dialledPeer(platform: MemoryPlatform): Promise<RawPeer> {
  while (platform.dialled.length === 0) await new Promise((resolve) => setImmediate(resolve))
  return new RawPeer(platform.dialled.pop()!.far, '', PEER)
}

export interface Both {
  clock: MemoryPlatform['clock']
  near: MemoryPlatform
  far: MemoryPlatform
  /** The one who connected, */
  sender: Session
  /** and the one who waited. */
  receiver: Session
  close(): Promise<void>
}

/** Two endpoints with a session between them. */
export async function both(
  options: {
    sender?: Partial<ConnectOptions>
    receiver?: PrepareOptions
    setUp?: (near: MemoryPlatform, far: MemoryPlatform) => void
  } = {},
): Promise<Both> {
  const far = new MemoryPlatform()
  const near = new MemoryPlatform(far.clock)
  options.setUp?.(near, far)
  near.onDial = (transport, target) => far.take(target.port, transport)
  const [nearEndpoint, farEndpoint] = [new MsrpEndpoint(near, {}), new MsrpEndpoint(far, {})]
  const prepared = await farEndpoint.prepare({ listen: {}, remotePath: 'first', ...options.receiver })
  const sender = await nearEndpoint.connect({ path: prepared.localPath, ...options.sender })
  const receiver = (await prepared.sessions().next()).value as Session
  const close = async (): Promise<void> => {
    await Promise.all([nearEndpoint.close(), farEndpoint.close()])
  }
  return { clock: far.clock, near, far, sender, receiver, close }
}

/** The next message of a session. */
export async function nextMessage(session: Session): Promise<IncomingMessage> {
  const { value, done } = await session[Symbol.asyncIterator]().next()
  if (done) throw new Error('the session has ended')
  return value
}

/** The error of a promise that has to reject. */
export async function failure(promise: Promise<unknown>): Promise<Error & { code?: string; status?: number }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not fail')
}

/** Whether a promise has settled yet, and how. */
export async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'resolved' | 'rejected'> {
  const pending = new Promise<'pending'>((resolve) => setImmediate(() => resolve('pending')))
  return Promise.race([
    promise.then(
      () => 'resolved' as const,
      () => 'rejected' as const,
    ),
    pending,
  ])
}

/** Bytes that differ from place to place. */
export function pattern(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let at = 0, state = seed; at < size; at++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff
    bytes[at] = state >>> 16
  }
  return bytes
}

/** The peer answers when it is asked whether it is still there, as every endpoint does. */
export async function showPresence(peer: RawPeer): Promise<void> {
  const probe = await peer.request('SEND')
  peer.respond(probe)
  peer.report(probe.field('Message-ID')!, '1-0/0')
}
