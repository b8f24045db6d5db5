import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import type { MediaWishes, MessageDescription } from './api.ts'
import { acceptTypesFor, understands, wrappedTypesFor } from './format-list.ts'
import { isMessage, type SessionDescription } from './session-description.ts'

export const WITHOUT_TLS =
  'TLS is wanted here (`secure`, or a certificate), and the path in the offer is without it: `secure: false` would take it'
export const UNCHECKED =
  'the peer wants to connect over TLS, and none of its fingerprints can be checked: it has to give one by sha-256 or stronger'

export const NOT_OVER_TLS = 'its m-line has TCP/TLS/MSRP, and its path is without TLS'
export const OTHER_TRANSPORT = 'TCP/MSRP was offered, and the answer has TCP/TLS/MSRP'

/** Why an offer or a medium in it is refused. */
export function notAcceptable(why: string): MsrpError {
  return new MsrpError('not-acceptable', `The medium cannot come about: ${why}`)
}

/** Why an offer is refused in which nothing could be taken. */
export function nothingFor({ media }: SessionDescription): MsrpError {
  const over = media.find(isMessage)
  if (over !== undefined)
    return notAcceptable(`the offer's section for MSRP is refused, or over (line ${over.line}, port 0)`)
  const other = media.find(({ media: kind }) => kind === 'message')
  if (other === undefined) return notAcceptable('the offer has no section for MSRP')
  const known = 'TCP/MSRP and TCP/TLS/MSRP (RFC 4975 §8.1)'
  return notAcceptable(`line ${other.line}: the transport ${shown(other.protocol)} is none of ${known}`)
}

/** Why a peer that wants to connect cannot. */
export function unreached({ listen }: MediaWishes): string {
  if (listen === undefined) return 'the peer wants to connect, and there is neither `listen` nor `relay`'
  return 'the peer wants to connect over TLS, and there is no `listen.tls`'
}

/** The medium is over, since one side has said so. */
export function gone(): MsrpError {
  return new MsrpError('closed', 'The medium is over: its port was set to 0')
}

/** @throws MsrpError `invalid-argument` */
export function checkSecure({ secure, listen, relay }: MediaWishes): void {
  if (!secure || relay !== undefined || listen === undefined || listen.tls !== undefined) return
  throw new MsrpError('invalid-argument', 'secure: with `listen` it needs `listen.tls`')
}

/** RFC 4975 §8.6: an offer none of whose types is understood. @throws MsrpError `not-acceptable` */
export function checkTypes(wishes: MediaWishes, remote: MessageDescription): void {
  const { acceptTypes = ['*'], acceptWrappedTypes = [] } = wishes
  const ours = {
    acceptTypes: acceptTypesFor(wishes),
    acceptWrappedTypes: wrappedTypesFor(acceptWrappedTypes, acceptTypes),
  }
  if (understands(ours, remote)) return
  throw notAcceptable(`none of the types ${remote.acceptTypes.join(' ')} is understood`)
}
