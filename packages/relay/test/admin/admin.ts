import type { Administered } from '../../src/admin/administered.ts'
import { AdminApp } from '../../src/admin/app.ts'
import type { ListedSession } from '../../src/admin/session-list.ts'
import { AdminToken } from '../../src/admin/token.ts'
import { Network } from '../forwarding/network.ts'
import { type Metric, readExposition } from './exposition.ts'

export const TOKEN: string = 'a token that nobody guesses'.replaceAll(' ', '-')

/** What a test looks at in answers. */
interface Answer {
  error: string
  users: string
  next: string
  sessions: ListedSession[]
  traces: unknown[]
}

/** A relay in memory with its admin port. */
export class AdminNetwork {
  readonly network: Network
  readonly app: AdminApp
  readonly logged: { fields: Record<string, unknown>; message: string }[] = []
  usersDown = false

  constructor(
    administered: Partial<Administered> = {},
    options: { token?: string | undefined; protectMetrics?: boolean; network?: Network } = {},
  ) {
    const { token, network } = { token: TOKEN, network: new Network(), ...options }
    this.network = network
    const log = (fields: object, message: string): void => {
      this.logged.push({ fields: fields as Record<string, unknown>, message })
    }
    this.app = new AdminApp({
      administered: {
        version: '1.2.3',
        started: 1_790_000_000,
        relay: network.relay,
        state: 'running',
        bufferLimit: 1 << 28,
        certificateExpires: 1_800_000_000,
        accounting: new Map(),
        checkUsers: async () => {
          if (this.usersDown) throw new Error('down')
        },
        ...administered,
      },
      access: {
        token: token === undefined ? undefined : new AdminToken(token),
        protectMetrics: options.protectMetrics ?? false,
        names: ['admin.example.com'],
      },
      clock: network.clock,
      log: { debug: log, info: log, warn: log },
      traceLog: { debug: log, info: log, warn: log },
    })
  }

  /** A call, with the token unless `headers` say otherwise. */
  async call(what: string, headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` }): Promise<Response> {
    const [method = '', path = ''] = what.split(' ')
    const request = new Request(`http://127.0.0.1:9${path}`, { method, headers: { host: '127.0.0.1:9', ...headers } })
    return this.app.fetch(request)
  }

  async json(what: string): Promise<{ status: number; body: Answer }> {
    const response = await this.call(what)
    return { status: response.status, body: (await response.json()) as Answer }
  }

  async metrics(): Promise<Map<string, Metric>> {
    return readExposition(await (await this.call('GET /metrics')).text())
  }
}
