import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { MsrpError } from 'msrp'
import type { AdminClient, AdminPlace } from '../admin/admin-client.ts'
import type { Context } from '../context.ts'
import { Failure } from '../failure.ts'
import { passwordFromFile } from '../password.ts'
import { relaySettings } from './relay-config.ts'

/** The options by which a command finds a relay's admin port. */
export interface AdminOptions {
  config?: string
  admin?: AdminPlace
  tokenFile?: string
  json?: boolean
}

/** Adds them to a command. */
export function withAdmin(command: Command): Command {
  return command
    .option('--config <FILE>', 'settings of the relay (TOML), which name its admin port and token')
    .option('--admin <ADDRESS>', 'its admin port: HOST:PORT, PORT, or the path of its socket', readAdminPlace)
    .option('--token-file <FILE>', 'file whose first line is the token')
    .option('--json', 'print JSON objects on standard output')
}

/** The admin port that the options name. */
export async function adminClient(options: AdminOptions, { output, signal }: Context): Promise<AdminClient> {
  const settings = options.config === undefined ? undefined : (await relaySettings(options.config)).admin
  const place = options.admin ?? placeIn(settings)
  if (place === undefined) {
    throw new Failure(
      'usage',
      options.config === undefined
        ? "name the relay's admin port with --admin, or its configuration with --config"
        : `${options.config} has no admin port; give it one: [admin] port = 9855`,
    )
  }
  const token =
    options.tokenFile === undefined ? settings?.token?.reveal() : await passwordFromFile(options.tokenFile, output)
  const { AdminClient } = await import('../admin/admin-client.ts')
  return new AdminClient(place, token, signal)
}

function placeIn(settings: { host?: string; port?: number; socket?: string } | undefined): AdminPlace | undefined {
  if (settings?.socket !== undefined) return { socketPath: settings.socket }
  const { port, host = '127.0.0.1' } = settings ?? {}
  if (port === 0)
    throw new MsrpError('invalid-argument', 'the configuration leaves the port open (0): name it with --admin')
  // An address that means all of them is no place to connect to.
  return port === undefined ? undefined : { host: host.replace(/^0\.0\.0\.0$|^::$/, 'localhost'), port }
}

/** `HOST:PORT`, `[IPV6]:PORT`, `http://…`, `PORT`, or a path. */
export function readAdminPlace(text: string): AdminPlace {
  if (text.includes('/') && !/^http:\/\//i.test(text)) return { socketPath: resolve(text) }
  const match = /^(?:http:\/\/)?(?:(?:\[([0-9a-f:.]+)\]|([^:/[\]]+)):)?(\d{1,5})\/?$/i.exec(text)
  const port = Number(match?.[3])
  if (match === null || port < 1 || port > 65_535) {
    throw new InvalidArgumentError('Write HOST:PORT such as 127.0.0.1:9855, or the path of a socket.')
  }
  return { host: match[1] ?? match[2] ?? '127.0.0.1', port }
}
