import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto'
import { nodeClock, nodeHash, nodeRandom, nodeResolver, type Resolver } from 'msrp/node'
import { MsrpError } from 'msrp/wire'
import { openAccounting } from './accounting/open-accounting.ts'
import { type Admin, openAdmin } from './admin/open-admin.ts'
import type { Settings } from './config/index.ts'
import { Counters } from './forwarding/counters.ts'
import { Relay } from './forwarding/relay.ts'
import { Admission } from './io/admission.ts'
import { DailyBytesFile } from './io/daily-bytes-file.ts'
import { relayDialer } from './io/dialer.ts'
import { FailedNames } from './io/failed-names.ts'
import { createLog, OutboundPolicy, openState, type RelayLog, type RelayState, relayCertificates } from './io/index.ts'
import { Listeners, type OpenListener } from './io/listeners.ts'
import { FloodedLog } from './io/log-floods.ts'
import { relaySettings } from './io/relay-settings.ts'
import { RelayTls } from './io/relay-tls.ts'
import { untilRestart } from './io/until-restart.ts'
import type { WorkerAssignment } from './workers/assignment.ts'
import { listenForSiblings, siblingDialer } from './workers/sibling-sockets.ts'

/** What a stopping relay has for its last REPORTs, however long it has drained, in milliseconds. */
const LAST_WORDS = 2_000

/** A relay that runs. */
export interface RunningRelay extends AsyncDisposable {
  /** Where it listens, with the ports it really got. */
  readonly listeners: readonly OpenListener[]
  readonly state: RelayState
  /** TCP address of the admin port; undefined without one. */
  readonly adminAddress: Admin['address']
  readonly counters: Counters
  /** Connections that are open, and tokens that are valid. */
  readonly connections: number
  readonly tokens: number
  /** The first part of `close` alone. */
  drain(): Promise<void>
  /**
   * Takes other settings while it runs. Sessions and connections go on as they are; what holds for new ones holds from now
   * on. Listeners that are not wanted any more accept nothing more; new ones are opened.
   * @returns keys, as the file spells them, whose new values wait for the next start
   * @throws MsrpError when something cannot be had: a file, a port. Nothing has changed then
   */
  reload(settings: Settings): Promise<readonly string[]>
  /**
   * Stops it. For `settings.drain` seconds at most nothing new begins and what is under way comes to its end: nobody gets
   * a token, peers of sessions that are there still come in. Then senders are told by REPORT what was not confirmed, and
   * everything is closed.
   */
  close(): Promise<void>
}

/** What a relay may be given from outside. */
export interface StartRelayOptions {
  /** Where lines go; by default to standard error as the settings say. */
  readonly log?: RelayLog
  /** Names to addresses; by default this machine's. */
  readonly resolver?: Resolver
  /**
   * Reads the configuration again, for the admin port: gives the keys that wait for the next start. Rejects, and changes
   * nothing, when something is wrong.
   */
  readonly reload?: () => Promise<readonly string[]>
  /** Begins to stop in order, for the admin port. */
  readonly drain?: () => void
  /** When this process is one of several that are one relay: which of them it is, and where it finds the others. */
  readonly worker?: WorkerAssignment
}

/**
 * Starts a relay (RFC 4976).
 * @throws MsrpError `storage` when its state cannot be opened, `unreachable` when it cannot listen
 */
export async function startRelay(settings: Settings, options: StartRelayOptions = {}): Promise<RunningRelay> {
  const log = options.log ?? createLog(settings.log)
  const { reload, drain } = options
  const admin = await openAdmin(settings.admin, { clock: nodeClock, log, reload, drain })
  try {
    return await startBehind(admin, settings, { ...options, log })
  } catch (error) {
    await admin.close()
    throw error
  }
}

/** Starts the relay itself; its admin port is open by then, and tells that it is starting. */
async function startBehind(
  admin: Admin,
  started: Settings,
  options: StartRelayOptions & { readonly log: RelayLog },
): Promise<RunningRelay> {
  const { log, worker } = options
  // What holds at present; whatever depends on it looks at it when it needs it.
  let settings = started
  const resolver = new FailedNames(options.resolver ?? nodeResolver(), nodeClock)
  const state = await openState(settings)
  let { certificates } = state
  for (const warning of certificates.warnings) log.warn({}, warning)
  const floodedLog = new FloodedLog(log, nodeClock)
  state.users.watch(floodedLog)
  const tls = new RelayTls(certificates, settings.tls.minimumVersion)

  const counters = new Counters()
  const dailyBytes = await DailyBytesFile.open(settings.stateFolder, floodedLog, { worker: worker?.index }).catch(
    async (error) => {
      await state.users.close()
      throw error
    },
  )
  const accounting = await openAccounting(settings.accounting, {
    relay: settings.advertised.name,
    clock: nodeClock,
    log: floodedLog,
  }).catch(async (error) => {
    await Promise.all([dailyBytes.close(), state.users.close()])
    throw error
  })

  // Whoever connects between the opening of a port and the relay's first turn is served then.
  const early: (() => void)[] = []
  let relay: Relay | undefined
  const admission = new Admission(settings, floodedLog)
  const listeners = new Listeners({
    settings: () => settings,
    tls,
    admission,
    log: floodedLog,
    counters,
    reusePort: worker !== undefined,
    authenticate: async (username, password) => {
      if (relay === undefined) throw new Error('the relay is still starting')
      return relay.authenticate(username, password)
    },
    onConnection: (...connection) => {
      if (relay === undefined) early.push(() => relay?.accept(...connection))
      else relay.accept(...connection)
    },
  })
  await listeners.change(settings.listen).catch(async (error) => {
    await Promise.all([accounting.close(), dailyBytes.close(), state.users.close()])
    throw error
  })

  let policy = new OutboundPolicy(settings.outbound, worker?.listeners ?? listeners.open)
  // As a key object: one that is made anew for each HMAC costs five times as much as the HMAC.
  const nonceKey = createSecretKey(worker === undefined ? randomBytes(32) : Buffer.from(worker.nonceKey, 'base64'))
  const running = new Relay(relaySettings(settings, listeners.open, worker), {
    clock: nodeClock,
    // Not Date.now(): when somebody sets the clock, nonces neither run out nor become young again.
    time: () => (performance.timeOrigin + performance.now()) / 1000,
    random: nodeRandom,
    hash: nodeHash,
    hmac: (text) => createHmac('sha256', nonceKey).update(text).digest('hex'),
    equal,
    users: state.users,
    dailyBytes: dailyBytes.counts,
    dial: relayDialer({
      settings: () => settings,
      policy: () => policy,
      resolver,
      tls: (host) => tls.dialAs(host),
      log: floodedLog,
    }),
    dialSibling: worker && siblingDialer(worker.sockets),
    log: floodedLog,
    counters,
    onSessionEnd: (session) => accounting.take(session),
  })
  relay = running
  for (const accept of early) accept()
  admin.running({
    relay: running,
    certificate: () => certificates.server.certificate,
    bufferLimit: () => settings.limits.totalBuffer,
    accounting: () => accounting.counts,
    checkUsers: () => state.users.check(),
  })

  let reloading: Promise<unknown> = Promise.resolve()
  /** Nothing is opened any more: nobody would close it. */
  let closed = false
  /** Takes other settings, all or none of them; what has to wait for a start stays as it is. */
  const reload = async (wanted: Settings): Promise<readonly string[]> => {
    if (closed) throw new MsrpError('closed', 'the relay is stopping')
    const [next, later] = untilRestart(settings, wanted)
    const renewed = await relayCertificates(next)
    const change = await listeners.change(next.listen)
    try {
      await accounting.reconfigure(next.accounting)
      admin.reconfigure(next.admin)
      await state.users.reconfigure(next)
    } catch (error) {
      // Those that came before it have gone over already.
      admin.reconfigure(settings.admin)
      await accounting.reconfigure(settings.accounting).catch((cause: Error) => {
        log.warn({ error: cause.message }, 'records go on to the places of the settings that were refused')
      })
      await change.undo()
      throw error
    }
    // From here on nothing can fail.
    settings = next
    certificates = renewed
    for (const warning of certificates.warnings) log.warn({}, warning)
    tls.reconfigure(certificates, settings.tls.minimumVersion)
    listeners.renewCertificates()
    admission.reconfigure(settings)
    policy = new OutboundPolicy(settings.outbound, worker?.listeners ?? listeners.open)
    running.reconfigure(relaySettings(settings, listeners.open, worker))
    log.setLevel(settings.log.level)
    await change.keep()
    return later
  }

  let siblings: { close(): Promise<void> } | undefined
  let draining: { readonly over: Promise<void>; readonly deadline: number } | undefined
  const drain = (): { readonly over: Promise<void>; readonly deadline: number } => {
    admin.draining()
    const deadline = performance.now() + settings.drain * 1000
    draining ??= { over: running.drain(settings.drain * 1000), deadline }
    return draining
  }
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    const { over, deadline } = drain()
    await over
    closed = true
    await reloading
    await listeners.close()
    await siblings?.close()
    await running.close(Math.max(deadline - performance.now(), LAST_WORDS))
    await Promise.all([accounting.close(), dailyBytes.close(), state.users.close()])
    floodedLog.flush()
    await admin.close()
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
    get listeners(): readonly OpenListener[] {
      return listeners.open
    },
    state,
    adminAddress: admin.address,
    counters,
    get connections(): number {
      return running.connections
    },
    get tokens(): number {
      return running.tokens
    },
    reload: (wanted) => {
      const reloaded = reloading.then(() => reload(wanted))
      reloading = reloaded.catch(() => {})
      return reloaded
    },
    drain: () => drain().over,
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  }
}

function equal(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)]
  return first.byteLength === second.byteLength && timingSafeEqual(first, second)
}
