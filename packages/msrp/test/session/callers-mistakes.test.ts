import { describe, expect, test } from 'vitest'
import { ChatRoom } from '../../src/chatroom/index.ts'
import { buildCpim, cpimEnvelope } from '../../src/cpim/index.ts'
import { Receipts } from '../../src/imdn/index.ts'
import { buildMultipart } from '../../src/multipart/index.ts'
import type { Session } from '../../src/session/api.ts'
import type { MessageBody } from '../../src/session/body.ts'
import { active } from './stage.ts'

const ALICE = 'sip:alice@example.com'
const BOB = 'sip:bob@example.com'
const ROOM = 'sip:room@example.com'

function invalid(message: RegExp): unknown {
  return expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(message) })
}

describe('What no message can be made of is refused at once:', () => {
  const ways: readonly [string, (session: Session, body: MessageBody) => unknown][] = [
    ['by a session', (session, body) => session.send(body)],
    ['with receipts', (session, body) => new Receipts(session, { self: ALICE, peer: BOB }).send(body)],
    ['in a chat room', (session, body) => new ChatRoom(session, { uri: ROOM, self: ALICE }).send(body)],
    ['in an envelope', (_, body) => buildCpim({ from: ALICE, to: BOB }, body)],
    ['in a multipart', (_, content) => buildMultipart('mixed', [{ content }])],
    ['in a multipart, whole', (_, whole) => buildMultipart('mixed', [{ whole }])],
  ]

  test.each(ways)('%s', async (_, send) => {
    const { session, peer } = await active()
    for (const body of [undefined, null, 42, {}, { stream: 5 }, { size: -1, stream: [] }]) {
      expect(() => send(session, body as unknown as MessageBody)).toThrow(invalid(/cannot be sent from/))
    }
    expect(session.statistics.unconfirmed).toEqual({ messages: 0, bytes: 0 })
    expect(await peer.all()).toEqual([])
  })

  test('by a session that puts everything into an envelope', async () => {
    const envelope = cpimEnvelope({ from: ALICE, to: BOB })
    const { session, peer } = await active({ envelope, peerAcceptTypes: ['message/cpim'] })
    expect(() => session.send(undefined as unknown as MessageBody)).toThrow(invalid(/from undefined/))
    expect(await peer.all()).toEqual([])
  })
})
