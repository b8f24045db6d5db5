import { execFile } from 'node:child_process'

/** How long one message may take; a service manager that is busy must not hold back the relay. */
const PATIENCE = 5_000

/** What a service manager is told with, and what is said when that fails. */
export interface ServiceManagerOptions {
  /** `NOTIFY_SOCKET` is where messages go; without it nobody is told anything. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Called once, the first time that something could not be told. */
  readonly warn: (message: string) => void
  /** The program that sends messages: Node has no unix datagram sockets. */
  readonly program?: string
}

/**
 * Tells systemd, or whoever speaks its protocol (sd_notify(3)), what the relay is doing, so that `systemctl start` returns
 * when clients can connect and not before, and `systemctl status` says what goes on. Messages arrive in the order in which
 * they were given. Nothing here ever fails: a relay serves as well without being watched.
 */
export class ServiceManager {
  readonly #options: ServiceManagerOptions
  #last: Promise<void> = Promise.resolve()
  #warned = false

  constructor(options: ServiceManagerOptions) {
    this.#options = options
  }

  /** The relay serves: after its start, and after each reload. */
  ready(status: string): Promise<void> {
    return this.#tell(['READY=1', `STATUS=${status}`])
  }

  /** Settings are being read again; `ready` ends it, also when the old ones stay. */
  reloading(): Promise<void> {
    // The time lets systemd tell this reload's READY from that of an earlier one. It is CLOCK_MONOTONIC, as hrtime is.
    const microseconds = process.hrtime.bigint() / 1000n
    return this.#tell(['RELOADING=1', `MONOTONIC_USEC=${microseconds}`, 'STATUS=Reads its configuration again.'])
  }

  /** The relay stops, which takes `seconds` at most; it is not killed before. */
  stopping(seconds: number): Promise<void> {
    const microseconds = Math.ceil(seconds * 1_000_000)
    return this.#tell([
      'STOPPING=1',
      `EXTEND_TIMEOUT_USEC=${microseconds}`,
      'STATUS=Stops; what is queued goes out first.',
    ])
  }

  #tell(lines: string[]): Promise<void> {
    if (!this.#options.environment.NOTIFY_SOCKET) return Promise.resolve()
    this.#last = this.#last.then(() => this.#send(lines))
    return this.#last
  }

  #send(lines: string[]): Promise<void> {
    const { environment, program = 'systemd-notify', warn } = this.#options
    return new Promise((resolve) => {
      const options = { env: { ...environment }, timeout: PATIENCE, killSignal: 'SIGKILL' } as const
      execFile(program, lines, options, (error) => {
        if (error !== null && !this.#warned) {
          this.#warned = true
          warn(`cannot tell the service manager what the relay does: ${error.message.trim()}`)
        }
        resolve()
      })
    })
  }
}
