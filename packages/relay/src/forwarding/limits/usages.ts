import type { Clock } from 'msrp/connection'
import { domainOf } from '../policy/address-pattern.ts'
import type { Refusal } from '../policy/refusal.ts'
import type { DailyBytes } from './daily-bytes.ts'
import { type LimitSettings, limitsOfDomain, limitsOfUser } from './limits.ts'
import { Usage } from './usage.ts'

/** What accounts and domains use, of those that hold URIs at present or have not recovered from what they used. */
export class Usages {
  readonly #clock: Clock
  readonly #days: DailyBytes
  #settings: LimitSettings
  /** Somebody's bytes are limited. */
  #counting = false
  readonly #users: Map<string, Usage> = new Map()
  readonly #domains: Map<string, Usage> = new Map()

  constructor(options: { clock: Clock; days: DailyBytes; settings: LimitSettings }) {
    this.#clock = options.clock
    this.#days = options.days
    this.#settings = options.settings
    this.#counting = limitsBytes(options.settings)
  }

  /** Other limits, from now on; URIs beyond them stay until they end. */
  reconfigure(settings: LimitSettings): void {
    this.#settings = settings
    this.#counting = limitsBytes(settings)
    for (const [account, usage] of this.#users) usage.limits = limitsOfUser(settings, account)
    for (const [domain, usage] of this.#domains) usage.limits = limitsOfDomain(settings, domain)
  }

  /** Why an account gets no further URI. */
  refusal(account: string): Refusal | undefined {
    const { user, domain } = this.#of(account)
    const refuse = (whose: string, { limits }: Usage): Refusal => ({
      status: 403,
      comment: `${whose} holds as many sessions as it may: ${limits.sessions}`,
      counter: 'sessions',
    })
    if (user.full) return refuse('this user', user)
    return domain.full ? refuse('this domain', domain) : undefined
  }

  /** An account got a URI. */
  opened(account: string): void {
    const { user, domain } = this.#of(account)
    user.sessions++
    domain.sessions++
    this.#users.set(account, user)
    this.#domains.set(domain.name, domain)
  }

  /** One has ended. */
  closed(account: string): void {
    const { user, domain } = this.#of(account)
    user.sessions--
    domain.sessions--
    this.#forget(user, this.#users)
    this.#forget(domain, this.#domains)
  }

  /** The user and the domain of an account, as far as their bytes are counted. */
  counted(account: string): Usage[] {
    if (!this.#counting) return []
    const { user, domain } = this.#of(account)
    return [user, domain].filter(({ counted }) => counted)
  }

  /** Accounts that are known at present. */
  get size(): number {
    return this.#users.size
  }

  #of(account: string): { user: Usage; domain: Usage } {
    const name = domainOf(account)
    return {
      user: this.#users.get(account) ?? this.#usage(account, limitsOfUser(this.#settings, account)),
      domain: this.#domains.get(name) ?? this.#usage(name, limitsOfDomain(this.#settings, name)),
    }
  }

  #usage(name: string, limits: Usage['limits']): Usage {
    const usage = new Usage(name, this.#clock, this.#days)
    usage.limits = limits
    return usage
  }

  /** Once nothing counts of it any more: otherwise every new connection would begin with a full measure. */
  #forget(usage: Usage, among: Map<string, Usage>): void {
    if (usage.sessions > 0) return
    const { recovery } = usage
    if (recovery > 0) this.#clock.after(Math.ceil(recovery), () => this.#forget(usage, among))
    else if (among.get(usage.name) === usage) among.delete(usage.name)
  }
}

function limitsBytes({ users, domains }: LimitSettings): boolean {
  return [users, ...users.exceptions, domains, ...domains.exceptions].some(
    ({ bytesPerSecond = 0, bytesPerDay = 0 }) => bytesPerSecond > 0 || bytesPerDay > 0,
  )
}
