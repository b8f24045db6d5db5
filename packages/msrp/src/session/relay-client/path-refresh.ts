import { MsrpError, type MsrpUri } from '../../wire/index.ts'
import { samePath } from '../../wire/uri-path.ts'
import type { GrantedHop } from './relay-hop.ts'
import type { RelayRegistration } from './relay-registration.ts'

/** Has all relays extend a path, or hand out another one. What becomes of it the registration is told. */
export async function refreshPath(registration: RelayRegistration): Promise<void> {
  let renewed: GrantedHop[]
  try {
    renewed = await refreshAll(registration)
  } catch (error) {
    // Unless the relay has made up its mind.
    const passing = error instanceof MsrpError && (error.code === 'timeout' || error.code === 'refused')
    // Without the connection there is no path to keep (RFC 4976 §6.3), and its owner knows.
    if (registration.connection.msrp.open) registration.failed(error, passing)
    return
  }
  if (registration.over) return
  const { usePath: previous, expiresAt: previousExpiresAt } = registration
  registration.hops = renewed
  registration.refreshInTime()
  const { usePath } = registration
  if (!samePath(usePath, previous)) registration.onPathChanged?.({ usePath, previous, previousExpiresAt })
}

/** All relays in turn: where one hands out another URI, those behind it have to be asked through that one. */
async function refreshAll(registration: RelayRegistration): Promise<GrantedHop[]> {
  const renewed: GrantedHop[] = []
  for (const [index, hop] of registration.hops.entries()) {
    const through = renewed.flatMap(({ own }) => own)
    const next = await refreshHop(registration, hop, through)
    if (registration.over) break
    renewed.push(next)
    // What was extended is so whatever becomes of the rest.
    if (samePath(next.own, hop.own)) registration.hops = registration.hops.with(index, next)
  }
  return renewed
}

/** AUTH to the relay's own URI, which extends it with some relays; where that is refused, AUTH as for the first time. */
async function refreshHop(
  registration: RelayRegistration,
  hop: GrantedHop,
  through: readonly MsrpUri[],
): Promise<GrantedHop> {
  const ask = async (own?: readonly MsrpUri[]): Promise<GrantedHop> => {
    const granted = await registration.ask(hop, through, own)
    if (granted !== undefined) return granted
    throw new MsrpError('malformed', `the relay ${hop.relay.host} refuses Expires with a 423 that cannot be read`)
  }
  try {
    return await ask(hop.own)
  } catch (error) {
    if (registration.over || !registration.connection.msrp.open) throw error
    return await ask()
  }
}
