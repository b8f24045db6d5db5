import { getCACertificates } from 'node:tls'
import {
  certifies,
  ensurePrivateCertificates,
  type LoadedCertificate,
  loadAuthorities,
  loadCertificate,
} from '../certificates/index.ts'
import { flawsError, keyName } from '../config/flaw.ts'
import type { Settings } from '../config/settings.ts'
import { certificateFlaws, certificatesByName, certifiedNames, type NamedCertificates } from './certified-names.ts'
import { ensureFolder } from './ensure-folder.ts'

/** The certificates that a relay runs on. */
export interface RelayCertificates {
  /** Shown to clients, peers and relays. */
  readonly server: LoadedCertificate
  /** Shown instead to those who look for one of these names, in lower case. */
  readonly byName: ReadonlyMap<string, LoadedCertificate>
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
 * @throws MsrpError `storage` when a certificate lacks a name that others will look for; see `certificateFlaws`
 */
export async function relayCertificates(settings: Settings, now: Date = new Date()): Promise<RelayCertificates> {
  const { tls } = settings
  const trusted =
    tls.ca === undefined ? undefined : await loadAuthorities(tls.ca, 'correct the file, or tls.ca in the configuration')
  const ofDomains = await loadDomains(settings)
  const warnings = [...ofDomains].flatMap(([index, loaded]) => {
    return warningsOfDates(loaded, settings.domains[index]?.certificate, now)
  })
  if (tls.certificate !== undefined && tls.key !== undefined) {
    const files = { certificate: tls.certificate, key: tls.key }
    const server = await loadCertificate(
      files,
      'correct the files, or tls.certificate and tls.key in the configuration',
    )
    return {
      server,
      byName: checkedNames({ server, ofDomains }, settings),
      authorities: trusted,
      clientAuthorities: trusted,
      renewed: false,
      warnings: [...warningsFor(server, tls.certificate, settings, now), ...warnings],
    }
  }
  await ensureFolder(settings.stateFolder)
  const own = await ensurePrivateCertificates(settings.stateFolder, { names: certifiedNames(settings), now })
  return {
    server: own.server,
    byName: checkedNames({ server: own.server, ofDomains }, settings),
    authorities: trusted ?? [...getCACertificates('default'), own.authority.certificate],
    clientAuthorities: trusted ?? [own.authority.certificate],
    authorityFile: own.authorityFile,
    renewed: own.made.length > 0,
    warnings,
  }
}

async function loadDomains(settings: Settings): Promise<Map<number, LoadedCertificate>> {
  const loaded = new Map<number, LoadedCertificate>()
  for (const [index, { certificate, key }] of settings.domains.entries()) {
    if (certificate === undefined || key === undefined) continue
    const [one, other] = [keyName(['domains', index, 'certificate']), keyName(['domains', index, 'key'])]
    const remedy = `correct the files, or ${one} and ${other} in the configuration`
    loaded.set(index, await loadCertificate({ certificate, key }, remedy))
  }
  return loaded
}

function checkedNames(certificates: NamedCertificates, settings: Settings): Map<string, LoadedCertificate> {
  const flaws = certificateFlaws(certificates, settings)
  if (flaws.length > 0) throw flawsError(undefined, flaws)
  return certificatesByName(certificates, settings)
}

// Not errors: such a relay still serves whoever does not look, and a wrong clock must not keep it from starting.
function warningsFor(loaded: LoadedCertificate, file: string | undefined, settings: Settings, now: Date): string[] {
  const { name } = settings.advertised
  return [
    // Where it is not shown by a listener: see `certificateFlaws`.
    ...(certifies(loaded.leaf, name)
      ? []
      : [`the certificate in ${file} does not name ${name}; other relays will refuse it`]),
    ...warningsOfDates(loaded, file, now),
  ]
}

function warningsOfDates({ leaf }: LoadedCertificate, file: string | undefined, now: Date): string[] {
  const left = leaf.validToDate.getTime() - now.getTime()
  return [
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
