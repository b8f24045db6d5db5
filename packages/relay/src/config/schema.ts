import type { z } from 'zod'
import { isDomain } from '../users/user-address.ts'
import { flag, hostNames, oneOf, path, table, text, whole } from './field.ts'
import { accessSection } from './sections/access.ts'
import { domainLimitsSection, userLimitsSection } from './sections/account-limits.ts'
import { accountingSection } from './sections/accounting.ts'
import { adminSection } from './sections/admin.ts'
import { advertisedSection } from './sections/advertised.ts'
import { chainsSection } from './sections/chains.ts'
import { digestSection } from './sections/digest.ts'
import { domainsSection, type WrittenDomain } from './sections/domains.ts'
import { ephemeralCredentialsSection } from './sections/ephemeral-credentials.ts'
import { expiresSection } from './sections/expires.ts'
import { limitsSection } from './sections/limits.ts'
import { listenSection } from './sections/listen.ts'
import { logSection } from './sections/log.ts'
import { messagesSection } from './sections/messages.ts'
import { outboundSection } from './sections/outbound.ts'
import { tlsSection } from './sections/tls.ts'
import { type UnfinishedUsers, usersSection } from './sections/users.ts'
import { webSocketSection } from './sections/web-socket.ts'
import { workersSection } from './sections/workers.ts'
import type { Settings } from './settings.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * The rules for settings. Relative paths count from `folder`; `surroundings` are behind some defaults. The order is that of
 * the reference.
 */
export function settingsSchema(surroundings: Surroundings, folder: string): z.ZodObject {
  return table({
    realm: text(
      'a domain such as "example.com", which users have after the @',
      (value) => isDomain(value.toLowerCase()),
      {
        about: 'The realm of challenges and the domain of users (`alice@REALM`).',
        leftOut: '`advertised.name`',
        example: '"example.com"',
      },
    ),
    unlistedDomains: flag(
      false,
      'Whether an AUTH to a domain that is neither `realm` nor among `[[domains]]` is answered too, with the name of the domain as realm, so that every domain of the user database is served as soon as its SRV record leads here. The certificate has to name those domains all the same.',
    ),
    lastHopTls: oneOf(
      ['strict', 'lenient'],
      'strict',
      'A peer that is the last hop shows a certificate from a trusted authority that names it (`"strict"`), or any (`"lenient"`, for softphones that sign their own). The next relay always shows a good one.',
    ),
    plainTcpToPeers: flag(
      false,
      'Whether peers without a relay are dialled without TLS when their URI says `msrp:` and not `msrps:`.',
    ),
    sharedConnectionsTo: hostNames({
      about: 'Host names of relays to which many sessions share one connection. Elsewhere each session has its own.',
    }),
    drain: whole(
      0,
      86_400,
      10,
      'Seconds that a stopping relay gives to what is under way; nothing new begins meanwhile.',
    ),
    stateFolder: path(folder, {
      about: 'Folder for the authority, certificate and users of a relay that is not given its own.',
      leftOut: '`state` at the top of a clone; installed, `$XDG_STATE_HOME/msrp-relay` or `~/.local/state/msrp-relay`',
      example: '"/var/lib/msrp-relay"',
    }),
    listen: listenSection(surroundings),
    advertised: advertisedSection(),
    tls: tlsSection(folder),
    webSocket: webSocketSection(),
    domains: domainsSection(folder),
    chains: chainsSection(),
    access: accessSection(),
    expires: expiresSection(),
    limits: limitsSection(),
    outbound: outboundSection(),
    userLimits: userLimitsSection(),
    domainLimits: domainLimitsSection(),
    messages: messagesSection(),
    digest: digestSection(),
    users: usersSection(folder),
    ephemeralCredentials: ephemeralCredentialsSection(folder),
    log: logSection(),
    admin: adminSection(folder),
    accounting: accountingSection(folder),
    workers: workersSection(),
  })
}

/** Settings whose remaining defaults follow from others. */
export type Unfinished = Omit<Settings, 'advertised' | 'realm' | 'domains' | 'outbound' | 'users' | 'stateFolder'> & {
  readonly advertised: { name?: string; port?: number }
  readonly realm?: string
  readonly domains: readonly WrittenDomain[]
  readonly outbound: Omit<Settings['outbound'], 'allowLoopback'> & { allowLoopback?: boolean }
  readonly users: UnfinishedUsers
  readonly stateFolder?: string
}
