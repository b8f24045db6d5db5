/** What surrounds the relay's state on a real machine: state folder, policy, log, and a welcome for people. */
export { examine } from './examine.ts'
export { createLog, type LogDestination, type RelayLog } from './log.ts'
export { maskSecrets } from './mask-secrets.ts'
export { type BoundListener, type Denial, OutboundPolicy } from './outbound-policy.ts'
export { type RelayCertificates, relayCertificates } from './relay-certificates.ts'
export { openState, type RelayState } from './state-folder.ts'
export { openRelayUsers, type TryoutUser, tryoutUsers } from './user-database.ts'
export { shellWord, type WelcomeFacts, type WelcomeStyle, welcome } from './welcome.ts'
