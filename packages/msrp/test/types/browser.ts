// What the compiler lets users of `msrp/browser` do, and what not. Checked by `npm run check`; nothing runs this.
import type * as node from 'msrp'
import { connect, Endpoint, MsrpError, type PreparedSession, prepare, type Session } from 'msrp/browser'
import { expectTypeOf } from 'vitest'

const relay = { uri: 'wss://relay.example.com/msrp', username: 'alice', password: 'secret' }

export async function whatIsGivenBack(): Promise<void> {
  expectTypeOf(connect({ path: '', relay })).resolves.toEqualTypeOf<Session>()
  expectTypeOf(prepare({ relay })).resolves.toEqualTypeOf<PreparedSession>()
  // A program for both sides has one kind of session.
  expectTypeOf<Session>().toEqualTypeOf<node.Session>()
  expectTypeOf(MsrpError).toEqualTypeOf<typeof node.MsrpError>()
}

export function options(): void {
  // @ts-expect-error a browser reaches nobody without a relay
  connect({ path: '' })
  // @ts-expect-error nor can it be reached
  prepare({})
  // @ts-expect-error certificates are the browser's business
  connect({ path: '', relay, tls: { insecure: true } })
  // @ts-expect-error
  prepare({ relay, tls: {} })
  // @ts-expect-error
  new Endpoint({ tls: {} })
  // @ts-expect-error and so is whether one is the peer's
  connect({ path: '', relay, peerFingerprint: 'sha-256 AB' })
  // @ts-expect-error a browser does not listen
  prepare({ relay, listen: {} })
  // @ts-expect-error what only Node can do
  new Endpoint().listen()
}
