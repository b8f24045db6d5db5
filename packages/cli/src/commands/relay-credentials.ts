import { Command, Option } from 'commander'
import type { EphemeralHash } from 'msrp-relay'
import type { Context } from '../context.ts'
import { Failure } from '../failure.ts'
import { relaySettings } from '../options/relay-config.ts'
import { readCount } from '../options/values.ts'
import { passwordFromFile } from '../password.ts'
import type { Output } from '../terminal/output.ts'
import { printableLine } from '../terminal/printable.ts'

interface CredentialsOptions {
  config?: string
  secretFile?: string
  user?: string
  ttl: number
  hash?: 'SHA-1' | 'SHA-256'
}

const examples = `
Examples:
  msrp relay credentials --user alice --ttl 600 --config relay.toml
  msrp relay credentials --secret-file ephemeral.secret --json     # on another machine than the relay

A web application makes them itself: docs/accounts.md shows how.`

/** `msrp relay credentials`: makes credentials that end by themselves. */
export function credentialsCommand({ output }: Context): Command {
  return new Command('credentials')
    .summary('make credentials that end by themselves')
    .description('Make a user name and a password that a relay takes for a while, without an account.')
    .option('--user <NAME>', 'whom they are for, as accounting and limits see it; nobody in particular without it')
    .option('--ttl <SECONDS>', 'for how long somebody can log in with them', readCount, 3600)
    .addOption(
      new Option('--hash <HASH>', 'hash of the HMAC; without it the first that the relay takes').choices([
        'SHA-1',
        'SHA-256',
      ]),
    )
    .option('--config <FILE>', 'settings of the relay (TOML), with the shared secret')
    .option('--secret-file <FILE>', 'file whose first line is the shared secret, instead of that of the settings')
    .option('--json', 'print them as a JSON object on standard output')
    .addHelpText('after', examples)
    .action(async (options: CredentialsOptions) => {
      const { createEphemeralCredentials } = await import('msrp-relay')
      const { secretFile, user, ttl } = options
      const { ephemeralCredentials: settings } = await relaySettings(options.config)
      const secret =
        secretFile === undefined ? settings.secrets[0]?.reveal() : await passwordFromFile(secretFile, output)
      if (secret === undefined) {
        throw new Failure(
          'usage',
          'there is no shared secret; set ephemeral_credentials.secrets, or give --secret-file',
        )
      }
      if (ttl > settings.maximumTtl) {
        const most = `ephemeral_credentials.maximum_ttl, ${settings.maximumTtl}`
        throw new Failure('usage', `--ttl ${ttl} is more than ${most}: the relay would refuse them`)
      }
      const hash = options.hash === undefined ? settings.hashes[0] : hashes[options.hash]
      print(createEphemeralCredentials({ secret, user, ttl, hash, separator: settings.separator }), output)
    })
}

const hashes: Readonly<Record<'SHA-1' | 'SHA-256', EphemeralHash>> = { 'SHA-1': 'sha1', 'SHA-256': 'sha256' }

function print(made: { username: string; password: string; expires: Date }, output: Output): void {
  const { username, password } = made
  const expires = made.expires.toISOString()
  output.event({ event: 'credentials', username, password, expires })
  if (output.json) return
  for (const line of [`user name  ${username}`, `password   ${password}`, `until      ${expires}`]) {
    output.print(printableLine(line))
  }
}
