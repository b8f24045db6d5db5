import { isIP } from 'node:net'
import { getCACertificates } from 'node:tls'
import {
  certifies,
  ensurePrivateCertificates,
  type LoadedCertificate,
  loadAuthorities,
  loadCertificate,
} from '../certificates/index.ts'
import type { Settings } from '../config/settings.ts'
import { ensureFolder } from './ensure-folder.ts'

/** The certificates that a relay runs on. */
export interface RelayCertificates {
  /** Shown to clients, peers and relays. */
  readonly server: LoadedCertificate
  /** Whose certificates next hops may show, PEM. Undefined: the authorities that Node.js knows. */
  readonly authorities?: readonly string[]
  /**
   * Whose certificates relays that connect to us may show, PEM; undefined as above. With its own authority the relay
   * asks for no others, since a listener names each one it would accept in every handshake.
   */
  readonly clientAuthorities?: readonly string[]
  /** The certificate of the relay's own authority, for `--ca`. Undefined when the certificate comes from elsewhere. */
  readonly authorityFile?: string
  /** True when this start made or renewed a certificate. */
  readonly renewed: boolean
  /** What a person should know about them, a line each, such as that one runs out. */
  readonly warnings: readonly string[]
}

const weeks = 7 * 86_400_000

/**
 * Reads the certificates that the settings name, or keeps the relay's own in the state folder.
 * @throws MsrpError `storage` when a file is damaged, does not fit, or cannot be read or written; it names the file
 */
export async function relayCertificates(settings: Settings, now: Date = new Date()): Promise<RelayCertificates> {
  const { tls } = settings
  const trusted =
    tls.ca === undefined ? undefined : await loadAuthorities(tls.ca, 'correct the file, or tls.ca in the configuration')
  if (tls.certificate !== undefined && tls.key !== undefined) {
    const files = { certificate: tls.certificate, key: tls.key }
    const server = await loadCertificate(
      files,
      'correct the files, or tls.certificate and tls.key in the configuration',
    )
    return {
      server,
      authorities: trusted,
      clientAuthorities: trusted,
      renewed: false,
      warnings: warningsFor(server, settings, now),
    }
  }
  await ensureFolder(settings.stateFolder)
  const own = await ensurePrivateCertificates(settings.stateFolder, { names: certifiedNames(settings), now })
  return {
    server: own.server,
    authorities: trusted ?? [...getCACertificates('default'), own.authority.certificate],
    clientAuthorities: trusted ?? [own.authority.certificate],
    authorityFile: own.authorityFile,
    renewed: own.made.length > 0,
    warnings: [],
  }
}

/** Every name and address under which somebody may reach the relay, as far as the settings tell. */
function certifiedNames(settings: Settings): string[] {
  const addresses = settings.listen.map(({ host }) => host).filter((host) => host !== '0.0.0.0' && host !== '::')
  return [...new Set([settings.advertised.name, 'localhost', '127.0.0.1', '::1', ...addresses])]
}

// Not errors: such a relay still serves whoever does not look, and a wrong clock must not keep it from starting.
function warningsFor({ leaf }: LoadedCertificate, settings: Settings, now: Date): string[] {
  const { name } = settings.advertised
  const file = settings.tls.certificate
  const left = leaf.validToDate.getTime() - now.getTime()
  return [
    ...(certifies(leaf, name)
      ? []
      : [
          `the certificate in ${file} does not name ${isIP(name) === 0 ? 'the host' : 'the address'} ${name}; clients will refuse it`,
        ]),
    ...(leaf.validFromDate > now
      ? [`the certificate in ${file} is not valid before ${leaf.validFromDate.toISOString()}`]
      : []),
    ...(left < 0
      ? [`the certificate in ${file} ran out on ${leaf.validToDate.toISOString()}; clients will refuse it`]
      : []),
    ...(left >= 0 && left < 2 * weeks
      ? [`the certificate in ${file} runs out on ${leaf.validToDate.toISOString()}`]
      : []),
  ]
}
