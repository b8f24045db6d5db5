import { isIP } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import type { Log } from '../forwarding/settings.ts'
import { problem } from './problem.ts'
import type { AdminToken } from './token.ts'

/** What is known of a request beside itself. */
export interface AdminBindings {
  /** It came over the unix socket, which no web page can have a browser use. */
  readonly bySocket: boolean
}

/**
 * Turns away what a web page has its reader's browser ask. A page whose name was made to resolve to this machine (DNS
 * rebinding) is told by its name in Host: names other than our own, unlike addresses, are refused. Any other page is told
 * by Origin, which browsers send along. No header gives pages access (CORS).
 * @param names host names that are ours beside `localhost`, lower case
 */
export function noWebPages(names: () => readonly string[]): MiddlewareHandler<{ Bindings: AdminBindings }> {
  return async (context, next) => {
    if (context.env.bySocket) return next()
    const host = hostOf(context.req.header('Host'))
    if (host === undefined || (isIP(host) === 0 && host !== 'localhost' && !names().includes(host))) {
      return problem(
        context,
        403,
        'forbidden',
        'the Host header names neither an address nor a name of this admin port',
      )
    }
    if (context.req.header('Origin') !== undefined) {
      return problem(context, 403, 'forbidden', 'web pages have no access to this admin port')
    }
    await next()
  }
}

/** Lets only those pass who bring the token. Without one there is nobody who could. */
export function withToken(current: () => AdminToken | undefined, log: Log): MiddlewareHandler {
  return async (context, next) => {
    const token = current()
    if (token === undefined) {
      return problem(context, 404, 'not-found', 'this call exists once the setting admin.token is given')
    }
    if (!token.admits(context.req.header('Authorization'))) {
      log.warn(
        { call: `${context.req.method} ${context.req.path}` },
        'admin: a call without the right token was refused',
      )
      context.header('WWW-Authenticate', 'Bearer')
      return problem(
        context,
        401,
        'unauthorized',
        'send the token of the setting admin.token: Authorization: Bearer TOKEN',
      )
    }
    await next()
  }
}

/** The host in a Host header, lower case and without port and brackets. */
function hostOf(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s/@]+))(?::\d{1,5})?$/i.exec(header ?? '')
  return (match?.[1] ?? match?.[2])?.toLowerCase()
}
