import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { Endpoint, ListenOptions, PreparedSession, TlsOptions } from 'msrp'
import { storageError } from 'msrp/node'
import { Failure } from '../failure.ts'
import {
  type ConnectionOptions,
  checkRelayOptions,
  type RelayChoice,
  readPem,
  relayOptions,
} from '../options/connection.ts'
import { type HostPort, isWildcard, readHostPort, readPublicHost } from '../options/values.ts'
import type { Output } from '../terminal/output.ts'
import { programName, quotedWord, shellWord } from '../terminal/shell-word.ts'

/** Options of commands that wait for a peer: where they can be reached. */
export interface WaitingOptions extends ConnectionOptions, RelayChoice {
  listen?: HostPort
  host?: { host: string; port?: number }
  tls?: boolean
  cert?: string
  key?: string
}

/**
 * How long a session through a relay may be silent before a bodiless SEND asks whether the other side is there, in
 * milliseconds: behind a relay a peer that dies takes no connection of ours with it. One that is silent twice is given up.
 */
export const ASK_AFTER = 20_000

export function addListenOptions(command: Command): Command {
  return command
    .optionsGroup('Without a relay:')
    .option(
      '--listen <HOST:PORT>',
      'wait at this address, such as 192.0.2.7:2855; port 0 takes a free one',
      readHostPort,
    )
    .option('--host <NAME>', 'name or address by which peers reach this machine, :PORT if it differs', readPublicHost)
    .option('--tls', 'listen for TLS; without --cert a certificate is made for this run')
    .addOption(new Option('--cert <FILE>', 'certificate to show, with its chain (PEM)').implies({ tls: true }))
    .option('--key <FILE>', 'its private key (PEM)')
}

/**
 * @param tlsAlone whether `--tls` makes sense without `--listen`, as in an offer
 * @throws Failure `usage` when the options do not fit together
 */
export function checkReachOptions(options: WaitingOptions, { tlsAlone = false }: { tlsAlone?: boolean } = {}): void {
  checkRelayOptions(options)
  const { relay, listen, host, tls, cert, key } = options
  if (relay !== undefined && listen !== undefined) throw new Failure('usage', 'give --relay or --listen, not both')
  if ((cert === undefined) !== (key === undefined)) throw new Failure('usage', '--cert and --key belong together')
  const needing = { '--host': host, ...(tlsAlone && relay === undefined ? {} : { '--tls': tls }), '--key': key }
  for (const [name, value] of Object.entries(needing)) {
    if (value !== undefined && listen === undefined) throw new Failure('usage', `${name} needs --listen HOST:PORT`)
  }
  if (listen && host === undefined && isWildcard(listen.host)) {
    throw new Failure('usage', `nobody can connect to ${listen.host}: give the name that peers use with --host NAME`)
  }
}

/** @throws Failure `usage` when the options do not fit together, or nobody could come */
export function checkWaitingOptions(options: WaitingOptions, command: string): void {
  if (options.relay === undefined && options.listen === undefined) {
    checkRelayOptions(options)
    throw new Failure(
      'usage',
      `where shall peers connect to? Through a relay: ${command} --relay URI --user NAME@DOMAIN. ` +
        `On this machine: ${command} --listen HOST:PORT, for example --listen 127.0.0.1:0`,
    )
  }
  checkReachOptions(options)
}

/** A path that peers can be given, and the file that they need with it. */
export interface WaitingPlace {
  prepared: PreparedSession
  /** File with the certificate that was made for this run. */
  ca: string | undefined
}

/**
 * Gets a path, at the relay or on this machine. `remotePath` is `first`: whoever sends first becomes the peer.
 * @throws Failure, MsrpError
 */
export async function waitForPeers(
  endpoint: Endpoint,
  options: WaitingOptions,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<WaitingPlace> {
  const relay = await relayOptions(options, output)
  if (relay) {
    const prepared = await endpoint.prepare({ keepAlive: ASK_AFTER, relay, remotePath: 'first', signal })
    return { prepared, ca: undefined }
  }
  const { listen } = options
  if (!listen) throw new Failure('usage', 'give --relay or --listen')
  const place = await listeningPlace({ ...options, listen })
  const prepared = await endpoint.prepare({ listen: place.listen, remotePath: 'first', signal })
  return { prepared, ca: place.made === undefined ? undefined : await publish(place.made) }
}

/**
 * Where to listen, with the certificate to show there, and the one that was made for this run, if one was.
 * @throws MsrpError `file-unreadable`
 */
export async function listeningPlace(
  options: WaitingOptions & { listen: HostPort },
): Promise<{ listen: ListenOptions; made: string | undefined }> {
  const { listen, host } = options
  const { tls, made } = await listeningTls(options)
  const place = {
    ...listen,
    ...(tls ? { tls } : {}),
    ...(host ? { publicHost: host.host } : {}),
    ...(host?.port === undefined ? {} : { publicPort: host.port }),
  }
  return { listen: place, made }
}

/** Tells the path, ready to be pasted behind the other side's command. */
export function announce(place: WaitingPlace, options: WaitingOptions, output: Output, peerCommand: string): void {
  const { prepared, ca } = place
  const path = prepared.localPath
  const [fingerprint] = prepared.fingerprints
  output.event({
    event: 'listening',
    path,
    ...(ca === undefined ? {} : { ca }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
  })
  const trust = trustOptions(options, ca === undefined ? undefined : fingerprint)
  output.say(`Ready. The other side takes this to reach you, for example with ${programName()} ${peerCommand}:\n`)
  output.say(`  ${output.strong(`--to ${quotedWord(path)}${trust}`)}\n`)
  if (ca !== undefined) {
    output.say(`The certificate was made for this run. On this machine --ca ${shellWord(ca)} will do as well.`)
  }
}

/** What the other side has to be given beside the path, to trust whom it reaches. */
function trustOptions(options: WaitingOptions, fingerprint: string | undefined): string {
  if (fingerprint !== undefined) return ` --fingerprint ${quotedWord(fingerprint)}`
  // A peer without a relay of its own connects to ours, so it needs to trust the same authority.
  return options.relay !== undefined && options.ca !== undefined ? ` --ca ${shellWord(resolve(options.ca))}` : ''
}

async function listeningTls(
  options: WaitingOptions & { listen: HostPort },
): Promise<{ tls?: TlsOptions; made: string | undefined }> {
  const { listen, host, tls, cert, key } = options
  if (cert !== undefined && key !== undefined) {
    return { tls: { cert: await readPem(cert), key: await readPem(key, 'KEY') }, made: undefined }
  }
  if (!tls) return { made: undefined }
  // Loaded only here: what makes certificates is large.
  const { selfSignedCertificate } = await import('msrp-relay/certificates')
  const made = await selfSignedCertificate({ names: [host?.host ?? listen.host] })
  return { tls: { cert: made.certificate, key: made.key }, made: made.certificate }
}

/** Puts a certificate where a sender on this machine finds it; it goes away with this process. */
async function publish(certificate: string): Promise<string> {
  try {
    const folder = await mkdtemp(join(tmpdir(), 'msrp-'))
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'certificate.pem')
    await writeFile(file, certificate)
    return file
  } catch (error) {
    throw storageError(tmpdir(), error)
  }
}
