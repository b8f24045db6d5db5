import type { z } from 'zod'
import { documented, limit, optionalLimit, patterns, section, sections } from '../field.ts'

/** What a user, or a domain, may have; 0 stands for no limit. */
export interface AccountLimits {
  /** URIs held at one time, over all connections. Default: 0. */
  readonly sessions: number
  /** Body bytes of messages a second, in each direction. Default: 0. */
  readonly bytesPerSecond: number
  /** Body bytes of messages in a day of UTC, in both directions together. Default: 0. */
  readonly bytesPerDay: number
}

/** The limits of each user. */
export interface UserLimitSettings extends AccountLimits {
  /** Other limits for users by patterns; of those that name a user the first counts. Default: none. */
  readonly exceptions: readonly (Partial<AccountLimits> & { readonly users: readonly string[] })[]
}

/** The limits of all users of a domain together. */
export interface DomainLimitSettings extends AccountLimits {
  /** Other limits for domains by patterns; of those that name a domain the first counts. Default: none. */
  readonly exceptions: readonly (Partial<AccountLimits> & { readonly domains: readonly string[] })[]
}

const sessions = [1, 1_000_000] as const
// Less than that, and what one read brings would have to wait longer than clients do.
const bytesPerSecond = [16_384, 1_000_000_000_000] as const
const bytesPerDay = [1, 1_000_000_000_000_000] as const

/** `[user_limits]` */
export function userLimitsSection(): z.ZodType<UserLimitSettings> {
  const about =
    'Other limits for some users. Of several that name a user the first counts; what it leaves out is as for all.'
  const exceptions = sections(about, 'user_limits.exceptions', {
    users: patterns({
      about: 'The users, such as `["alice@example.com", "*@example.org"]`, as in `access.allow_users`.',
      of: 'users',
      needed: true,
    }),
    ...otherLimits(),
  })
  return section('What each user may have. docs/limits.md says how it is counted, and what clients see.', {
    ...limits('URIs that a user holds at one time, over all connections; beyond them AUTH is answered 403.'),
    exceptions: documented(exceptions.prefault([]), { about, expected: 'a list of tables' }),
  }) as unknown as z.ZodType<UserLimitSettings>
}

/** `[domain_limits]` */
export function domainLimitsSection(): z.ZodType<DomainLimitSettings> {
  const about =
    'Other limits for some domains. Of several that name a domain the first counts; what it leaves out is as for all.'
  const exceptions = sections(about, 'domain_limits.exceptions', {
    domains: patterns({
      about: 'The domains, such as `["example.com", "*.example.org"]`.',
      of: 'domains',
      needed: true,
    }),
    ...otherLimits(),
  })
  return section('What all users of a domain may have together.', {
    ...limits('URIs that they hold at one time; beyond them AUTH is answered 403.'),
    exceptions: documented(exceptions.prefault([]), { about, expected: 'a list of tables' }),
  }) as unknown as z.ZodType<DomainLimitSettings>
}

function limits(ofSessions: string): Record<keyof AccountLimits, z.ZodType<number>> {
  return {
    sessions: limit(...sessions, ofSessions),
    bytesPerSecond: limit(
      ...bytesPerSecond,
      'Body bytes of messages a second, in each direction; whoever sends more is read more slowly.',
    ),
    bytesPerDay: limit(
      ...bytesPerDay,
      'Body bytes of messages in a day of UTC, in both directions together; beyond them messages are answered 413.',
    ),
  }
}

function otherLimits(): Record<keyof AccountLimits, z.ZodType<number | undefined>> {
  return {
    sessions: optionalLimit(...sessions, 'The same for them.'),
    bytesPerSecond: optionalLimit(...bytesPerSecond, 'The same for them.'),
    bytesPerDay: optionalLimit(...bytesPerDay, 'The same for them.'),
  }
}
