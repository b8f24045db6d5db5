import { namesAccount } from './address-pattern.ts'

/** Who may use the relay, of those with an account; patterns as `namesAccount` knows them. */
export interface AccessSettings {
  /** Empty: everybody. */
  readonly allow: readonly string[]
  /** Goes before `allow`. */
  readonly deny: readonly string[]
}

/** Whether an account may use the relay. */
export function mayUse({ allow, deny }: AccessSettings, account: string): boolean {
  const named = (pattern: string): boolean => namesAccount(pattern, account)
  return !deny.some(named) && (allow.length === 0 || allow.some(named))
}
