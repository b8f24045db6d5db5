import { describe, expect, test } from 'vitest'
import { nextMessage, PEER, passive, waiting } from '../session/stage.ts'
import { settle } from '../transport/fake-clock.ts'
import { idOf, inEveryWay, piecesOf } from './arrivals.ts'
import { malformedText, named, withoutSoundPaths, withSoundPaths } from './malformed.ts'

describe('An endpoint closes the connection of a request with', () => {
  test.each(named(withoutSoundPaths))('%s, however it arrives (FIELD-strict-13)', async (_, request) => {
    const { prepared, arrive } = await waiting()
    const bytes = Buffer.from(malformedText(request, { to: [prepared.localPath], from: PEER }, idOf(1)))
    for (let attempt = 0; attempt <= bytes.length; attempt++) {
      const peer = arrive()
      for (const piece of piecesOf(bytes, attempt)) {
        peer.write(piece)
        await settle()
      }
      expect(peer.closed).toBe(true)
      expect(peer.seen).toEqual([])
    }
    // Whoever does it right is welcome.
    const peer = arrive()
    expect((await peer.response(peer.send())).status).toBe(200)
  })
})

describe('An endpoint answers 400 to a request with', () => {
  test.each(named(withSoundPaths))('%s, however it arrives (FIELD-strict-14)', async (_, request) => {
    const { session, peer, prepared } = await passive()
    await inEveryWay(
      (attempt) => malformedText(request, { to: [prepared.localPath], from: PEER }, idOf(attempt)),
      async (piece) => {
        peer.write(piece)
        await settle()
      },
      async (attempt) => expect((await peer.response(idOf(attempt))).status).toBe(400),
    )
    expect(session.state).toBe('open')
    peer.send({ body: 'right' })
    expect(await (await nextMessage(session)).text()).toBe('right')
  })
})
