import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { nodeClock, nodeHash, nodeRandom, nodeResolver, type Resolver } from 'msrp/node'
import type { Settings } from './config/index.ts'
import type { Counters } from './forwarding/counters.ts'
import { Relay } from './forwarding/relay.ts'
import type { RelaySettings } from './forwarding/settings.ts'
import { relayDialer } from './io/dialer.ts'
import { FailedNames } from './io/failed-names.ts'
import { createLog, OutboundPolicy, openState, type RelayLog, type RelayState } from './io/index.ts'
import { type OpenListener, openListeners } from './io/listeners.ts'
import { FloodedLog } from './io/log-floods.ts'
import type { WorkerAssignment } from './workers/assignment.ts'
import { listenForSiblings, siblingDialer } from './workers/sibling-sockets.ts'

export * from './certificates/index.ts'
export * from './config/index.ts'
export type { Counters } from './forwarding/counters.ts'
export type { Users } from './forwarding/settings.ts'
export * from './io/index.ts'
export type { OpenListener } from './io/listeners.ts'
export * from './users/index.ts'
export type { WorkerFacts } from './workers/messages.ts'
export { type RunningWorkers, startWorkers } from './workers/supervisor.ts'

/** What a stopping relay has for its last REPORTs, however long it has drained, in milliseconds. */
const LAST_WORDS = 2_000

/** A relay that runs. */
export interface RunningRelay extends AsyncDisposable {
  /** Where it listens, with the ports it really got. */
  readonly listeners: readonly OpenListener[]
  readonly state: RelayState
  readonly counters: Counters
  /** Connections that are open, and tokens that are valid. */
  readonly connections: number
  readonly tokens: number
  /** The first part of `close` alone. */
  drain(): Promise<void>
  /**
   * Stops it. For `settings.drain` seconds at most nothing new begins and what is under way comes to its end: nobody gets
   * a token, peers of sessions that are there still come in. Then senders are told by REPORT what was not confirmed, and
   * everything is closed.
   */
  close(): Promise<void>
}

/** What a relay may be given from outside. */
export interface RelayOptions {
  /** Where lines go; by default to standard error as the settings say. */
  readonly log?: RelayLog
  /** Names to addresses; by default this machine's. */
  readonly resolver?: Resolver
  /** When this process is one of several that are one relay: which of them it is, and where it finds the others. */
  readonly worker?: WorkerAssignment
}

/**
 * Starts a relay (RFC 4976).
 * @throws MsrpError `storage` when its state cannot be opened, `unreachable` when it cannot listen
 */
export async function startRelay(settings: Settings, options: RelayOptions = {}): Promise<RunningRelay> {
  const { worker } = options
  const log = options.log ?? createLog(settings.log)
  const resolver = new FailedNames(options.resolver ?? nodeResolver(), nodeClock)
  const state = await openState(settings)
  for (const warning of state.certificates.warnings) log.warn({}, warning)
  const floodedLog = new FloodedLog(log, nodeClock)
  const { server, authorities, clientAuthorities } = state.certificates
  const { minimumVersion } = settings.tls
  const tls = { cert: server.certificate, key: server.key, minimumVersion }

  // Whoever connects between the opening of a port and the relay's first turn is served then.
  const early: (() => void)[] = []
  let relay: Relay | undefined
  const listeners = await openListeners({
    settings,
    tls: { ...tls, ca: clientAuthorities },
    log: floodedLog,
    reusePort: worker !== undefined,
    onConnection: (...connection) => {
      if (relay === undefined) early.push(() => relay?.accept(...connection))
      else relay.accept(...connection)
    },
  }).catch(async (error) => {
    await state.users.close()
    throw error
  })

  const policy = new OutboundPolicy(settings.outbound, worker?.listeners ?? listeners.open)
  // As a key object: one that is made anew for each HMAC costs five times as much as the HMAC.
  const nonceKey = createSecretKey(worker === undefined ? randomBytes(32) : Buffer.from(worker.nonceKey, 'base64'))
  relay = new Relay(relaySettings(settings, listeners.open, worker), {
    clock: nodeClock,
    // Not Date.now(): when somebody sets the clock, nonces neither run out nor become young again.
    time: () => (performance.timeOrigin + performance.now()) / 1000,
    random: nodeRandom,
    hash: nodeHash,
    hmac: (text) => createHmac('sha256', nonceKey).update(text).digest('hex'),
    equal,
    users: state.users,
    dial: relayDialer({ settings, policy, resolver, tls: { ...tls, ca: authorities }, log: floodedLog }),
    dialSibling: worker && siblingDialer(worker.sockets),
    log: floodedLog,
  })
  for (const accept of early) accept()
  const running = relay

  let siblings: { close(): Promise<void> } | undefined
  let draining: { readonly over: Promise<void>; readonly deadline: number } | undefined
  const drain = (): { readonly over: Promise<void>; readonly deadline: number } => {
    const deadline = performance.now() + settings.drain * 1000
    draining ??= { over: running.drain(settings.drain * 1000), deadline }
    return draining
  }
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    const { over, deadline } = drain()
    await over
    await listeners.close()
    await siblings?.close()
    await running.close(Math.max(deadline - performance.now(), LAST_WORDS))
    await state.users.close()
    floodedLog.flush()
  }
  if (worker !== undefined) {
    const onSibling = running.acceptSibling.bind(running)
    siblings = await listenForSiblings(worker.sockets, worker.index, { log: floodedLog, onSibling }).catch(
      async (error) => {
        await close()
        throw error
      },
    )
  }
  return {
    listeners: listeners.open,
    state,
    counters: running.counters,
    get connections(): number {
      return running.connections
    },
    get tokens(): number {
      return running.tokens
    },
    drain: () => drain().over,
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  }
}

function relaySettings(
  settings: Settings,
  listeners: readonly OpenListener[],
  worker?: WorkerAssignment,
): RelaySettings {
  const { limits, advertised } = settings
  const firstTls = listeners.find(({ transport }) => transport === 'tls')?.port
  // Every worker is addressed by the ports of all.
  const bound = [...listeners, ...(worker?.listeners ?? [])].map(({ port }) => port)
  const ports = [...(advertised.port === undefined ? [] : [advertised.port]), ...bound]
  return {
    names: [advertised.name, ...listeners.flatMap(({ host }) => addressesOf(host))],
    ports: [worker?.port ?? advertised.port ?? firstTls ?? 2855, ...ports],
    realm: settings.realm,
    expires: settings.expires,
    algorithms: settings.digest.algorithms,
    nonceLifetime: settings.digest.nonceLifetime,
    probation: limits.unauthenticatedTime,
    authFailures: limits.authFailures,
    tokensPerConnection: limits.tokensPerConnection,
    flowBuffer: limits.bufferPerFlow,
    totalBuffer: limits.totalBuffer,
    stalled: limits.stalledTime,
    outboundConnections: limits.outboundConnections,
    sharedConnectionsTo: settings.sharedConnectionsTo,
    limits,
    worker: worker && { index: worker.index, count: worker.count },
  }
}

/** A listener on every address is reached by each of them. */
function addressesOf(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host]
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address))
}

function equal(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)]
  return first.byteLength === second.byteLength && timingSafeEqual(first, second)
}
