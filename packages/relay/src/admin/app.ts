import { Hono, type Context as HonoContext, type MiddlewareHandler } from 'hono'
import type { Clock } from 'msrp/connection'
import type { Log } from '../forwarding/settings.ts'
import { type AdminBindings, noWebPages, withToken } from './access.ts'
import type { Administered, AdministeredRelay } from './administered.ts'
import { relayMetrics } from './metrics.ts'
import { problem } from './problem.ts'
import { relayStatus } from './relay-status.ts'
import { sessionPage } from './session-list.ts'
import type { AdminToken } from './token.ts'
import { traceStream } from './trace-stream.ts'
import { UserCheck } from './user-check.ts'
import { WireTraces } from './wire-traces.ts'

/** Sessions on a page: unless asked for, and at most. */
const PAGE = { usual: 100, most: 1000 }

/** Seconds of a trace: unless asked for, and at most. */
const TRACE = { usual: 60, most: 3600 }

/** What the calls of the admin port are made of. */
export interface AdminAppOptions {
  readonly administered: Administered
  readonly access: Access
  readonly clock: Clock
  readonly log: Log
  /** Where traces go. They are lines that are much alike: it must not leave such out. */
  readonly traceLog: Log
}

/** Who may do what. */
export interface Access {
  /** Without one, calls that tell of users or change something do not exist. */
  readonly token: AdminToken | undefined
  /** Whether `/metrics` and `/status` want the token as well. */
  readonly protectMetrics: boolean
  /** Names of this port in the Host header, beside `localhost` and addresses; lower case. */
  readonly names: readonly string[]
}

/** The calls of the admin port; see docs/monitoring.md. */
export class AdminApp {
  readonly #administered: Administered
  readonly #clock: Clock
  readonly #log: Log
  readonly #traceLog: Log
  /** Looked at with each call, so that it may change. */
  access: Access
  readonly #users: UserCheck
  #traces: WireTraces | undefined
  readonly #app: Hono<{ Bindings: AdminBindings }> = new Hono()

  constructor(options: AdminAppOptions) {
    this.#administered = options.administered
    this.#clock = options.clock
    this.#log = options.log
    this.#traceLog = options.traceLog
    this.access = options.access
    this.#users = new UserCheck(() => options.administered.checkUsers(), options.clock)
    const secret = withToken(() => this.access.token, options.log)
    const shown: MiddlewareHandler = (context, next) => (this.access.protectMetrics ? secret(context, next) : next())
    this.#route(options.administered, secret, shown)
  }

  /** Answers a request; `bySocket`: it came over the unix socket. */
  fetch(request: Request, bySocket = false): Response | Promise<Response> {
    return this.#app.fetch(request, { bySocket } satisfies AdminBindings)
  }

  /** Ends what callers are still shown. */
  close(): void {
    this.#traces?.close()
  }

  #route(administered: Administered, secret: MiddlewareHandler, shown: MiddlewareHandler): void {
    const app = this.#app
    const registry = relayMetrics(administered)
    app.use(noWebPages(() => this.access.names))
    app.notFound((context) =>
      problem(context, 404, 'not-found', `there is no call ${context.req.method} ${context.req.path}`),
    )
    app.onError((error, context) => {
      this.#log.warn({ error: error.message, call: context.req.path }, 'admin: a call failed')
      return problem(context, 500, 'internal', 'the call failed; the log of the relay says why')
    })

    app.get('/health', (context) => context.json({ status: 'ok' }))
    app.get('/ready', (context) => this.#ready(context))
    app.get('/metrics', shown, async (context) => {
      context.header('Content-Type', registry.contentType)
      return context.body(await registry.metrics())
    })
    app.get('/status', shown, async (context) => context.json(relayStatus(administered, await this.#usersReachable())))
    app.get('/sessions', secret, (context) => this.#list(context))
    app.delete('/sessions', secret, (context) => this.#endAccount(context))
    app.delete('/sessions/:id', secret, (context) => this.#endSession(context, context.req.param('id')))
    app.get('/trace', secret, (context) => context.json({ traces: this.#traces?.running ?? [] }))
    app.get('/trace/:target', secret, (context) => this.#trace(context, context.req.param('target'), 'caller'))
    app.put('/trace/:target', secret, (context) => this.#trace(context, context.req.param('target'), 'log'))
    app.delete('/trace/:target', secret, (context) =>
      context.json({ ended: this.#traces?.stop(context.req.param('target')) ?? 0 }),
    )
    app.post('/reload', secret, (context) => this.#reload(context))
    app.post('/drain', secret, (context) => this.#drain(context))
  }

  async #ready(context: HonoContext): Promise<Response> {
    const { state } = this.#administered
    const users = (await this.#usersReachable()) ? 'reachable' : 'unreachable'
    if (state === 'running') return context.json({ ready: true, users })
    const reason = state === 'starting' ? 'the relay is starting' : 'the relay is draining: it takes no new sessions'
    return context.json({ ready: false, reason, users }, 503)
  }

  async #usersReachable(): Promise<boolean> {
    return this.#administered.relay !== undefined && (await this.#users.reachable())
  }

  #list(context: HonoContext): Response {
    const { account, domain, after, limit = String(PAGE.usual) } = context.req.query()
    if (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > PAGE.most) {
      return problem(context, 400, 'invalid-argument', `limit must be a number from 1 to ${PAGE.most}`)
    }
    if (after !== undefined && !/^\w+-\w+$/.test(after)) {
      return problem(
        context,
        400,
        'invalid-argument',
        'after must be the id of a session, as "next" of a page gives it',
      )
    }
    const sessions = this.#administered.relay?.sessions() ?? []
    const page = sessionPage(sessions, { account, domain, after, limit: Number(limit) })
    return context.json({ ...page, total: this.#administered.relay?.tokens ?? 0 })
  }

  #endAccount(context: HonoContext): Response {
    const account = context.req.query('account') ?? ''
    if (!/^[^@]+@[^@]+$/.test(account)) {
      return problem(context, 400, 'invalid-argument', 'say whose sessions: DELETE /sessions?account=alice@example.com')
    }
    return context.json({ ended: this.#end((_, whose) => whose === account, { account }) })
  }

  #endSession(context: HonoContext, id: string): Response {
    const ended = this.#end((other) => other === id, { session: id })
    if (ended === 0) return problem(context, 404, 'no-such-session', `there is no session ${id} (any more)`)
    return context.json({ ended })
  }

  #end(which: (id: string, account: string) => boolean, fields: object): number {
    const ended = this.#administered.relay?.endSessions(which) ?? 0
    this.#log.info({ ...fields, ended }, 'admin: sessions were ended')
    return ended
  }

  #trace(context: HonoContext, target: string, to: 'log' | 'caller'): Response {
    const seconds = context.req.query('seconds') ?? String(TRACE.usual)
    if (!/^\d{1,5}$/.test(seconds) || Number(seconds) < 1 || Number(seconds) > TRACE.most) {
      return problem(context, 400, 'invalid-argument', `seconds must be a number from 1 to ${TRACE.most}`)
    }
    const { relay } = this.#administered
    if (relay === undefined) return problem(context, 503, 'not-ready', 'the relay is starting')
    if (!target.includes('@') && !has(relay, target)) {
      return problem(context, 404, 'no-such-session', `there is no session ${target}; an account has an @`)
    }
    this.#traces ??= new WireTraces(relay, this.#clock)
    const traces = this.#traces
    const what = { target, seconds: Number(seconds) }
    const response =
      to === 'caller'
        ? traceStream((caller) => traces.start({ ...what, to, ...caller }))
        : this.#traceToLog(context, traces, what)
    if (response === undefined) {
      return problem(context, 429, 'limit-exceeded', 'as many traces run as may; wait for one to end, or end one')
    }
    this.#log.info({ target, seconds: Number(seconds), to }, 'admin: a trace begins')
    return response
  }

  #traceToLog(
    context: HonoContext,
    traces: WireTraces,
    { target, seconds }: { target: string; seconds: number },
  ): Response | undefined {
    const started = traces.start({
      target,
      seconds,
      to: 'log',
      show: ({ connection, far, direction, lines }) => {
        this.#traceLog.info({ trace: target, connection, far, direction, lines }, 'trace')
      },
    })
    return started === undefined ? undefined : context.json(started.trace)
  }

  async #reload(context: HonoContext): Promise<Response> {
    const { reload } = this.#administered
    if (reload === undefined) return problem(context, 501, 'not-possible', 'this relay was not started from a file')
    if (this.#administered.state === 'starting') return problem(context, 503, 'not-ready', 'the relay is starting')
    try {
      return context.json({ reloaded: true, later: await reload() })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return problem(context, 422, 'invalid-configuration', `${reason}; everything stays as it was`)
    }
  }

  #drain(context: HonoContext): Response {
    const { drain } = this.#administered
    if (drain === undefined) return problem(context, 501, 'not-possible', 'this relay is stopped by a signal alone')
    drain()
    return context.json({ draining: true }, 202)
  }
}

function has(relay: AdministeredRelay, id: string): boolean {
  for (const session of relay.sessions()) if (session.id === id) return true
  return false
}
