import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { completeSettings, createAuthority, issueCertificate, type RunningRelay, startRelay } from 'msrp-relay'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ChatRoom, roomVerdict } from '../../src/chatroom/index.ts'
import { Receipts } from '../../src/imdn/index.ts'
import { Endpoint } from '../../src/index.ts'
import { temporaryFolder } from '../node/temporary-folder.ts'
import { failure } from '../session/stage.ts'

const ROOM = 'sip:room@localhost'
const ALICE = 'sip:alice@localhost'

describe('through a relay, on real sockets', () => {
  const folder = temporaryFolder()
  let relay: RunningRelay
  let ca = ''

  beforeAll(async () => {
    const authority = await createAuthority()
    ca = authority.certificate
    const { certificate, key } = await issueCertificate({ names: ['localhost'], ca: authority })
    const files = { certificate, key, ca }
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text)
    relay = await startRelay(
      completeSettings({
        listen: [{ host: '127.0.0.1', port: 0 }],
        advertised: { name: 'localhost' },
        realm: 'localhost',
        tls: {
          certificate: join(folder.path, 'certificate'),
          key: join(folder.path, 'key'),
          ca: join(folder.path, 'ca'),
        },
        stateFolder: join(folder.path, 'relay'),
        log: { level: 'silent' },
        drain: 0,
      }),
    )
    for (const username of ['carol', 'room'])
      await relay.state.database?.add({ username, domain: 'localhost', password: 'secret' })
  })

  afterAll(() => relay.close())

  test('a nickname is given, a private message decided on, and receipts come back', async () => {
    await using endpoint = new Endpoint({ tls: { ca } })
    const through = (username: 'carol' | 'room') => ({
      uri: `msrps://localhost:${relay.listeners[0]!.port};tcp`,
      username,
      password: 'secret',
    })
    const facts = {
      uri: ROOM,
      isSender: (uri: string) => uri === ALICE,
      isParticipant: (uri: string) => uri === ALICE,
      takesPrivateMessages: () => false,
    }
    const [alice, room] = await Promise.all([
      endpoint.prepare({ relay: through('carol') }),
      endpoint.prepare({
        relay: through('room'),
        onNickname: (nickname) => (nickname === 'Zoë' ? 'accept' : 425),
        onRequest: (request, first) => roomVerdict(request, first, facts),
      }),
    ])
    const [atAlice, atRoom] = await Promise.all([
      alice.complete(room.localPath, { active: true }),
      room.complete(alice.localPath, { active: false }),
    ])
    const chat = new ChatRoom(atAlice, { uri: ROOM, self: ALICE, capabilities: ['nickname', 'private-messages'] })
    await chat.useNickname('Zoë')
    expect(await failure(chat.useNickname('Bob'))).toMatchObject({ code: 'refused', status: 425 })
    expect(await failure(chat.sendPrivate(ALICE, 'Psst').delivered)).toMatchObject({ code: 'refused', status: 428 })

    const [receipts, roomReceipts] = [
      new Receipts(atAlice, { self: ALICE, peer: ROOM }),
      new Receipts(atRoom, { self: ROOM, peer: ALICE }),
    ]
    void (async () => {
      for await (const im of roomReceipts) await im.displayed()
    })()
    void (async () => {
      for await (const _ of receipts);
    })()
    const sent = receipts.send('Hello all')
    expect((await sent.displayed).recipient).toBe(ROOM)
    await Promise.all([atAlice.close(), atRoom.close()])
  })
})
