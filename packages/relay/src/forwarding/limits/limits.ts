import { namesAccount, namesDomain } from '../policy/address-pattern.ts'

/** What one account, or all of a domain together, may have. 0 stands for no limit. */
export interface Limits {
  /** URIs held at once. */
  readonly sessions: number
  /** Body bytes a second, in each direction. */
  readonly bytesPerSecond: number
  /** Body bytes in a day of UTC, both directions together. */
  readonly bytesPerDay: number
}

/** The limits of users, or of domains. Of the exceptions that name somebody the first counts, in what it says. */
export interface LimitRules extends Limits {
  readonly exceptions: readonly (Partial<Limits> & { readonly names: readonly string[] })[]
}

/** Which limits hold for whom. */
export interface LimitSettings {
  /** For each user; names are patterns such as `alice@example.com`, `*@example.org`. */
  readonly users: LimitRules
  /** For all users of a domain together; names are patterns such as `example.com`, `*.example.org`. */
  readonly domains: LimitRules
}

/** Nobody is limited. */
export const NO_LIMITS: LimitRules = { sessions: 0, bytesPerSecond: 0, bytesPerDay: 0, exceptions: [] }

/** The limits of one account. */
export function limitsOfUser({ users }: LimitSettings, account: string): Limits {
  return limitsIn(users, (pattern) => namesAccount(pattern, account))
}

/** The limits of a domain, all its users together. */
export function limitsOfDomain({ domains }: LimitSettings, domain: string): Limits {
  return limitsIn(domains, (pattern) => namesDomain(pattern, domain))
}

function limitsIn(rules: LimitRules, isNamed: (pattern: string) => boolean): Limits {
  const exception = rules.exceptions.find(({ names }) => names.some(isNamed))
  const { sessions, bytesPerSecond, bytesPerDay } = rules
  return {
    sessions: exception?.sessions ?? sessions,
    bytesPerSecond: exception?.bytesPerSecond ?? bytesPerSecond,
    bytesPerDay: exception?.bytesPerDay ?? bytesPerDay,
  }
}
