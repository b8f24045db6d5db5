import type { MsrpUri } from 'msrp/wire'
import type { OwnAuthorities } from './own-authorities.ts'

/** A domain whose users this relay serves. All names in lower case. */
export interface Domain {
  /** The host in To-Path of its users' AUTH, whose SRV record leads here (RFC 4976 §8). */
  readonly name: string
  /** The realm of their challenges and the domain of their accounts. */
  readonly realm: string
  /** The host in the URIs that they get. */
  readonly host: string
}

/** Which domains are served. */
export interface DomainRules {
  /** The realm of an AUTH to the relay's own names. AUTH to a domain of that name is answered, too. */
  readonly realm: string
  /** Domains beside it. One that has the name of the relay itself takes the place of `realm` there. */
  readonly domains: readonly Domain[]
  /** Whether an AUTH to any other name is answered, as one to a domain with that realm. */
  readonly unlistedDomains: boolean
}

/** The domains by which AUTH may address this relay (RFC 4976 §5.1, §8), beside its own names. */
export class Domains {
  readonly #own: OwnAuthorities
  #unlisted = false
  #default: Domain = { name: '', realm: '', host: '' }
  #byName: ReadonlyMap<string, Domain> = new Map()

  constructor(rules: DomainRules, own: OwnAuthorities) {
    this.#own = own
    this.reconfigure(rules)
  }

  /** For each AUTH from now on, but those that extend a URI: these stay with the domain that it was handed out for. */
  reconfigure({ realm, domains, unlistedDomains }: DomainRules): void {
    this.#unlisted = unlistedDomains
    this.#default = { name: realm, realm, host: this.#own.advertised.host }
    this.#byName = new Map([this.#default, ...domains].map((domain) => [domain.name, domain]))
  }

  /** The domain that an AUTH is for, by the last URI of its To-Path; undefined when that is not for us. */
  addressed(uri: MsrpUri): Domain | undefined {
    if (!this.#own.hasPort(uri)) return undefined
    return this.#byName.get(uri.host) ?? (this.#own.includesRelay(uri) ? this.#default : this.#unlistedOne(uri))
  }

  /** Whether a URI names one of the domains that are served by name. */
  lists(uri: MsrpUri): boolean {
    return this.#own.hasPort(uri) && this.#byName.has(uri.host)
  }

  /** The domain with a realm that credentials are for; undefined when no domain that is served by name has it. */
  withRealm(realm: string): Domain | undefined {
    for (const domain of this.#byName.values()) if (domain.realm === realm) return domain
    return undefined
  }

  #unlistedOne({ host, isNumericHost }: MsrpUri): Domain | undefined {
    return this.#unlisted && !isNumericHost ? { ...this.#default, name: host, realm: host } : undefined
  }
}
