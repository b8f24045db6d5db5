import { X509Certificate } from 'node:crypto'
import type { Clock } from 'msrp/connection'
import type { AccountingCounts } from '../accounting/accounting.ts'
import type { Secret } from '../config/secret.ts'
import type { Log } from '../forwarding/settings.ts'
import { FloodedLog } from '../io/log-floods.ts'
import { version } from '../io/version.ts'
import type { OpenAdminPort } from './admin-port.ts'
import type { Administered, AdministeredRelay } from './administered.ts'
import type { Access } from './app.ts'
import { AdminToken } from './token.ts'

/** What the admin port is told by the configuration. */
export interface AdminOptions {
  /** Where it listens, with `port`. Undefined: 127.0.0.1. */
  readonly host?: string | undefined
  /** Undefined: no TCP port. 0 takes a free one. */
  readonly port?: number | undefined
  /** Path of a unix socket. Undefined: none. */
  readonly socket?: string | undefined
  /** Undefined: no calls that tell of users or change something. */
  readonly token?: Secret | undefined
  /** Whether `/metrics` and `/status` want the token as well. */
  readonly protectMetrics: boolean
  /** Names by which it is called, beside `localhost`. */
  readonly names: readonly string[]
}

/** What the admin port needs of the program around it. */
export interface AdminSurroundings {
  readonly clock: Clock
  readonly log: Log
  readonly reload?: (() => Promise<readonly string[]>) | undefined
  readonly drain?: (() => void) | undefined
}

/** What it needs of the relay once that runs. */
export interface Running {
  readonly relay: AdministeredRelay
  /** The relay's certificate at present, PEM. */
  readonly certificate: () => string
  /** The setting `total_buffer`, in bytes. */
  readonly bufferLimit: () => number
  readonly accounting: () => ReadonlyMap<string, AccountingCounts>
  /** Rejects when users cannot be looked up. */
  readonly checkUsers: () => Promise<void>
}

/** The admin port of a relay: open before the relay is, and until after it. */
export interface Admin {
  /** Its TCP address; undefined where there is none. */
  readonly address: OpenAdminPort['address']
  running(running: Running): void
  /** The relay takes no new sessions any more. */
  draining(): void
  /**
   * Takes another token, and who may do what; where it listens stays.
   * @throws MsrpError `invalid-argument` when the token is too short, and changes nothing
   */
  reconfigure(options: AdminOptions): void
  close(): Promise<void>
}

/**
 * Opens the admin port, if the configuration has one.
 * @throws MsrpError `unreachable` when it cannot be opened, `invalid-argument` when the token is too short
 */
export async function openAdmin(options: AdminOptions, surroundings: AdminSurroundings): Promise<Admin> {
  const { host = '127.0.0.1', port, socket } = options
  if (port === undefined && socket === undefined) return noAdmin
  // Loaded only here: most of what it needs nothing else does, and many relays have no admin port.
  const [{ AdminApp }, { openAdminPort }] = await Promise.all([import('./app.ts'), import('./admin-port.ts')])
  const administered = new AdministeredProgram(surroundings)
  const { clock, log: traceLog } = surroundings
  const log = new FloodedLog(traceLog, clock)
  const app = new AdminApp({ administered, access: accessOf(options), clock, log, traceLog })
  const open = await openAdminPort({ host, port, socket }, (...request) => app.fetch(...request))
  const at = [...(open.address === undefined ? [] : [`${open.address.host}:${open.address.port}`]), socket ?? []].flat()
  log.info({ at }, 'the admin port is open')
  return {
    address: open.address,
    running: (running) => {
      administered.running = running
      administered.state = 'running'
    },
    draining: () => {
      administered.state = 'draining'
    },
    reconfigure: (changed) => {
      app.access = accessOf(changed)
    },
    close: async () => {
      app.close()
      await open.close()
      log.flush()
    },
  }
}

const noAdmin: Admin = {
  address: undefined,
  running: () => {},
  draining: () => {},
  reconfigure: () => {},
  close: async () => {},
}

function accessOf({ token, protectMetrics, names }: AdminOptions): Access {
  return { token: token === undefined ? undefined : new AdminToken(token.reveal()), protectMetrics, names }
}

class AdministeredProgram implements Administered {
  readonly version: string = version
  readonly started: number = performance.timeOrigin / 1000
  readonly reload: Administered['reload']
  readonly drain: Administered['drain']
  state: Administered['state'] = 'starting'
  running: Running | undefined

  constructor({ reload, drain }: AdminSurroundings) {
    this.reload = reload
    this.drain = drain
  }

  get relay(): AdministeredRelay | undefined {
    return this.running?.relay
  }

  get bufferLimit(): number {
    return this.running?.bufferLimit() ?? 0
  }

  get certificateExpires(): number | undefined {
    const pem = this.running?.certificate()
    return pem === undefined ? undefined : Date.parse(new X509Certificate(pem).validTo) / 1000
  }

  get accounting(): ReadonlyMap<string, AccountingCounts> {
    return this.running?.accounting() ?? new Map()
  }

  async checkUsers(): Promise<void> {
    await this.running?.checkUsers()
  }
}
