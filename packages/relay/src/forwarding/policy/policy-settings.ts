import { type LimitSettings, NO_LIMITS } from '../limits/limits.ts'
import type { AccessSettings } from './access.ts'
import type { MessageSettings } from './message-policy.ts'

/** Who may use the relay, how much, and for which messages. */
export interface PolicySettings {
  readonly limits: LimitSettings
  readonly access: AccessSettings
  readonly messages: MessageSettings
}

/** Everybody may send everything. */
export const NO_POLICY: PolicySettings = {
  limits: { users: NO_LIMITS, domains: NO_LIMITS },
  access: { allow: [], deny: [] },
  messages: { contentTypes: [], maximumSize: 0, smime: 'optional' },
}
