import type { PolicySettings } from '../forwarding/policy/policy-settings.ts'
import type { Settings } from './settings.ts'

/** What the settings say of users and messages, as the relay's state takes it. */
export function policySettings({ access, userLimits, domainLimits, messages }: Settings): PolicySettings {
  return {
    access: { allow: access.allowUsers, deny: access.denyUsers },
    limits: {
      users: {
        ...userLimits,
        exceptions: userLimits.exceptions.map(({ users, ...limits }) => ({ ...limits, names: users })),
      },
      domains: {
        ...domainLimits,
        exceptions: domainLimits.exceptions.map(({ domains, ...limits }) => ({ ...limits, names: domains })),
      },
    },
    messages,
  }
}
