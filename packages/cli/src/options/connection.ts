import { readFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { MsrpError, type NodeEndpointOptions, type RelayOptions, type TlsOptions } from 'msrp'
import { unreadable } from 'msrp/node'
import { Failure } from '../failure.ts'
import { PASSWORD_VARIABLE, passwordOf } from '../password.ts'
import type { Output } from '../terminal/output.ts'
import { traceTo } from '../terminal/trace.ts'
import { readFingerprint, readKeepAlive, readRelay, readResolve, readUser } from './values.ts'

/** Options of every command that connects to others. */
export interface ConnectionOptions {
  ca?: string
  insecure?: boolean
  resolve?: Record<string, string[]>
  keepAlive?: number
  verbose?: boolean
  json?: boolean
}

/** Options of every command that can go through a relay. */
export interface RelayChoice {
  relay?: string
  user?: string
  passwordFile?: string
}

export function addRelayOptions(command: Command): Command {
  return command
    .optionsGroup('Through a relay:')
    .option('--relay <URI>', 'the relay, such as relay.example.com or wss://relay.example.com/msrp', readRelay)
    .option('--user <NAME@DOMAIN>', 'the user to log in to the relay as', readUser)
    .option('--password-file <FILE>', `file with the password; else ${PASSWORD_VARIABLE}, else it is asked for`)
}

/** Options of commands that can call a peer. */
export interface CallOptions {
  fingerprint?: string
}

export function addFingerprintOption(command: Command): Command {
  return command
    .optionsGroup('TLS and names:')
    .addOption(
      new Option(
        '--fingerprint <HASH>',
        'take the certificate with this fingerprint, which the other side printed, and no other',
      )
        .argParser(readFingerprint)
        .conflicts(['insecure', 'relay']),
    )
}

export function addConnectionOptions(command: Command): Command {
  return command
    .optionsGroup('TLS and names:')
    .option('--ca <FILE>', 'trust these certificates (PEM) instead of the authorities known to the system')
    .addOption(new Option('--insecure', 'take any certificate: no protection against eavesdroppers').conflicts('ca'))
    .option('--resolve <NAME=ADDRESS>', 'use this address for a name; may be repeated', readResolve)
    .option(
      '--keep-alive <SECONDS>',
      'ask for the far side after so much silence, so that no NAT forgets the connection (60)',
      readKeepAlive,
    )
    .optionsGroup('Output:')
    .option('--json', 'print one JSON object a line on standard output')
    .option('-v, --verbose', 'show requests and responses on standard error, passwords masked')
    .optionsGroup('Options:')
}

/**
 * What the options say, as the library wants it.
 * @throws MsrpError `file-unreadable`, for the CA file
 */
export async function endpointOptions(options: ConnectionOptions, output: Output): Promise<NodeEndpointOptions> {
  const { resolve, keepAlive, verbose } = options
  const tls: TlsOptions = {
    ...(options.ca === undefined ? {} : { ca: await readPem(options.ca) }),
    ...(options.insecure ? { insecure: true } : {}),
  }
  if (options.insecure) {
    output.warn('--insecure takes any certificate: whoever sits in between can read and change everything')
  }
  return {
    tls,
    ...(resolve ? { resolve } : {}),
    ...(keepAlive === undefined ? {} : { tcpKeepAlive: keepAlive }),
    ...(verbose ? { trace: traceTo(output) } : {}),
  }
}

/** @throws Failure `usage` when the options do not fit together */
export function checkRelayOptions({ relay, user, passwordFile }: RelayChoice): void {
  if (relay !== undefined && user === undefined) throw new Failure('usage', '--relay needs --user NAME@DOMAIN')
  if (relay === undefined && user !== undefined) throw new Failure('usage', '--user needs --relay URI')
  if (relay === undefined && passwordFile !== undefined) throw new Failure('usage', '--password-file needs --relay URI')
}

/**
 * The relay to go through, undefined without `--relay`. Asks for the password where that is needed.
 * @throws Failure `usage`, `interrupted`; MsrpError `file-unreadable`, for the password
 */
export async function relayOptions(options: RelayChoice, output: Output): Promise<RelayOptions | undefined> {
  checkRelayOptions(options)
  const { relay, user, passwordFile } = options
  if (relay === undefined || user === undefined) return undefined
  const password = await passwordOf(user, { file: passwordFile, output })
  // The domain is the relay's realm, which the challenge names.
  return { uri: relay.split(' '), username: user.replace(/@[^@]*$/, ''), password }
}

/**
 * A PEM file with at least one certificate.
 * @throws MsrpError `file-unreadable`
 */
export async function readPem(file: string, label = 'CERTIFICATE'): Promise<string> {
  let text: string
  try {
    text = await readFile(file, 'latin1')
  } catch (error) {
    throw unreadable(file, error)
  }
  if (!new RegExp(`-----BEGIN [A-Z ]*${label}-----`).test(text)) {
    throw new MsrpError('file-unreadable', `cannot use ${file}: there is no PEM block "${label}" in it`)
  }
  return text
}
