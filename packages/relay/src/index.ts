import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { nodeClock, nodeHash, nodeRandom, nodeResolver, type Resolver } from 'msrp/node'
import { policySettings, type Settings } from './config/index.ts'
import type { Counters } from './forwarding/counters.ts'
import { Relay } from './forwarding/relay.ts'
import type { RelaySettings } from './forwarding/settings.ts'
import { DailyBytesFile } from './io/daily-bytes-file.ts'
import { relayDialer } from './io/dialer.ts'
import { FailedNames } from './io/failed-names.ts'
import { createLog, OutboundPolicy, openState, type RelayLog, type RelayState } from './io/index.ts'
import { type OpenListener, openListeners } from './io/listeners.ts'
import { FloodedLog } from './io/log-floods.ts'

export * from './certificates/index.ts'
export * from './config/index.ts'
export type { Counters } from './forwarding/counters.ts'
export type { Users } from './forwarding/settings.ts'
export * from './io/index.ts'
export type { OpenListener } from './io/listeners.ts'
export * from './users/index.ts'

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
}

/**
 * Starts a relay (RFC 4976).
 * @throws MsrpError `storage` when its state cannot be opened, `unreachable` when it cannot listen
 */
export async function startRelay(settings: Settings, options: RelayOptions = {}): Promise<RunningRelay> {
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
    onConnection: (...connection) => {
      if (relay === undefined) early.push(() => relay?.accept(...connection))
      else relay.accept(...connection)
    },
  }).catch(async (error) => {
    await state.users.close()
    throw error
  })

  const dailyBytes = await DailyBytesFile.open(settings.stateFolder, floodedLog)
  const policy = new OutboundPolicy(settings.outbound, listeners.open)
  // As a key object: one that is made anew for each HMAC costs five times as much as the HMAC.
  const nonceKey = createSecretKey(randomBytes(32))
  relay = new Relay(relaySettings(settings, listeners.open), {
    clock: nodeClock,
    // Not Date.now(): when somebody sets the clock, nonces neither run out nor become young again.
    time: () => (performance.timeOrigin + performance.now()) / 1000,
    random: nodeRandom,
    hash: nodeHash,
    hmac: (text) => createHmac('sha256', nonceKey).update(text).digest('hex'),
    equal,
    users: state.users,
    dailyBytes: dailyBytes.counts,
    dial: relayDialer({ settings, policy, resolver, tls: { ...tls, ca: authorities }, log: floodedLog }),
    log: floodedLog,
  })
  for (const accept of early) accept()
  const running = relay

  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    const deadline = performance.now() + settings.drain * 1000
    await running.drain(settings.drain * 1000)
    await listeners.close()
    await running.close(Math.max(deadline - performance.now(), LAST_WORDS))
    await state.users.close()
    await dailyBytes.close()
    floodedLog.flush()
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
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  }
}

function relaySettings(settings: Settings, listeners: readonly OpenListener[]): RelaySettings {
  const { limits, advertised } = settings
  const firstTls = listeners.find(({ transport }) => transport === 'tls')?.port
  const ports = [...(advertised.port === undefined ? [] : [advertised.port]), ...listeners.map(({ port }) => port)]
  return {
    names: [advertised.name, ...listeners.flatMap(({ host }) => addressesOf(host))],
    ports: [advertised.port ?? firstTls ?? 2855, ...ports],
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
    policy: policySettings(settings),
    limits,
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
