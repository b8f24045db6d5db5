import { isIP } from 'node:net'
import type { z } from 'zod'
import { flag, hostNames, optionalWhole, path, section, text } from '../field.ts'
import { type Secret, secret } from '../secret.ts'

/** Where the relay is watched and told what to do, over HTTP; nowhere unless `port` or `socket` is given. */
export interface AdminSettings {
  /** Address of the TCP port. Default (undefined): 127.0.0.1. */
  readonly host?: string
  /** TCP port; 0 takes a free one. Default (undefined): none. */
  readonly port?: number
  /** Path of a unix socket. Default (undefined): none. */
  readonly socket?: string
  /** What callers show who see users or change something. Default (undefined): nobody does. */
  readonly token?: Secret
  /** Whether metrics and status want the token as well. Default: false. */
  readonly protectMetrics: boolean
  /** Names by which the admin port is called, beside `localhost` and addresses. Default: none. */
  readonly names: readonly string[]
}

/** `[admin]` */
export function adminSection(folder: string): z.ZodType<AdminSettings> {
  return section('Where the relay is watched and told what to do, over HTTP: docs/monitoring.md.', {
    host: text('an IP address such as "127.0.0.1"', (value) => isIP(value) !== 0, {
      about: 'Address of the TCP port.',
      leftOut: '`127.0.0.1`',
      example: '"127.0.0.1"',
    }),
    port: optionalWhole(0, 65_535, {
      about: 'TCP port; 0 takes a free one.',
      leftOut: 'no TCP port',
      example: '9855',
    }),
    socket: path(folder, {
      about: 'Path of a unix socket, for its owner and its group.',
      leftOut: 'no unix socket',
      example: '"/run/msrp-relay/admin.sock"',
    }),
    token: secret(folder, {
      about: 'What callers show who list or end sessions, trace, reload or drain: 16 characters or more.',
      leftOut: 'these calls do not exist',
      example: '{ file = "admin.token" }',
    }),
    protectMetrics: flag(false, 'Whether `/metrics` and `/status` want the token as well.'),
    names: hostNames({
      about: 'Host names by which the admin port is called, beside `localhost` and addresses.',
      example: '["relay.example.com"]',
    }),
  }) as z.ZodType<AdminSettings>
}
