import { isIP } from 'node:net'
import { certifies, isCertifiableName, type LoadedCertificate } from '../certificates/index.ts'
import { type Flaw, type KeyPath, keyName } from '../config/flaw.ts'
import type { Settings } from '../config/index.ts'

/** The certificates that settings name. */
export interface NamedCertificates {
  /** That of `tls`; undefined for one of the relay's own, which is made with every name. */
  readonly server: LoadedCertificate | undefined
  /** Those of domains, by their places in the list. */
  readonly ofDomains: ReadonlyMap<number, LoadedCertificate>
}

/** Every name and address under which somebody may reach the relay, as far as the settings tell: for one of its own. */
export function certifiedNames(settings: Settings): string[] {
  const addresses = settings.listen.map(({ host }) => host).filter((host) => host !== '0.0.0.0' && host !== '::')
  const domains = settings.domains.filter(({ certificate }) => certificate === undefined)
  const found = domains.flatMap(({ name, host }) => [name, host])
  const names = [settings.advertised.name, 'localhost', '127.0.0.1', '::1', ...addresses, settings.realm, ...found]
  return [...new Set(names.filter(isCertifiableName))]
}

/**
 * Which certificate is shown to whoever asks for a name; for names that are absent it is that of `tls`. Whoever finds the
 * relay by a domain looks for the domain (RFC 4976 §8, §9.2), whoever has a URI of it for the host in there.
 */
export function certificatesByName(
  { ofDomains }: Pick<NamedCertificates, 'ofDomains'>,
  settings: Settings,
): Map<string, LoadedCertificate> {
  const byName = new Map<string, LoadedCertificate>()
  for (const [index, { host }] of settings.domains.entries()) {
    const own = ofDomains.get(index)
    if (own !== undefined && host !== settings.advertised.name && certifies(own.leaf, host)) byName.set(host, own)
  }
  // After the hosts: a domain may be the host of another.
  for (const [index, { name }] of settings.domains.entries()) {
    const own = ofDomains.get(index)
    if (own !== undefined) byName.set(name, own)
  }
  return byName
}

/** Names that a certificate does not have though others will look for them: whoever looks is certain to go away. */
export function certificateFlaws({ server, ofDomains }: NamedCertificates, settings: Settings): Flaw[] {
  const byName = certificatesByName({ ofDomains }, settings)
  const flaws: Flaw[] = []
  const expect = (name: string, said: { at: KeyPath; by: KeyPath; in: string | undefined }): void => {
    const shown = byName.get(name) ?? server
    if (shown === undefined || certifies(shown.leaf, name)) return
    const what = isIP(name) === 0 ? 'the host' : 'the address'
    const why = `${said.in} does not name ${what} ${name}, so clients would refuse it`
    const remedy = `have it issued for that name, or correct ${keyName(said.by)}`
    flaws.push({ path: said.at, message: `${keyName(said.at)}: ${why}; ${remedy}`, code: 'storage' })
  }
  // A proxy in front has certificates of its own.
  if (!settings.listen.some(({ transport }) => transport === 'tls' || transport === 'wss')) return flaws
  const ofTls = { at: ['tls', 'certificate'], in: settings.tls.certificate }
  expect(settings.advertised.name, { ...ofTls, by: ['advertised', 'name'] })
  for (const [index, { name, host, certificate }] of settings.domains.entries()) {
    const at = certificate === undefined ? ofTls : { at: ['domains', index, 'certificate'], in: certificate }
    expect(name, { ...at, by: ['domains', index, 'name'] })
    if (host !== settings.advertised.name) expect(host, { ...at, by: ['domains', index, 'host'] })
  }
  return flaws
}
