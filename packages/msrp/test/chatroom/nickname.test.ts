import { describe, expect, test } from 'vitest'
import { useNickname } from '../../src/chatroom/index.ts'
import { active, both, failure, stateOf } from '../session/stage.ts'

describe('a nickname is asked for', () => {
  test('by NICKNAME with the nickname in quotes, and nothing else (RFC7701-7.1-1, RFC7701-7.1-2, RFC7701-7.1-4)', async () => {
    const { session, peer } = await active()
    const asking = useNickname(session, 'Zoë "the \\great"')
    const request = await peer.request('NICKNAME')
    expect(request.fieldNames).toEqual(['To-Path', 'From-Path', 'Use-Nickname'])
    expect(request.field('Use-Nickname')).toBe('"Zoë \\"the \\\\great\\""')
    expect([request.field('To-Path'), request.hasBody]).toEqual([peer.from, false])
    expect(await stateOf(asking)).toBe('pending')
    peer.respond(request)
    await asking
  })

  test('with 1023 bytes at most, and no control characters (RFC7701-7.1-3)', async () => {
    const { session, peer } = await active()
    for (const nickname of ['é'.repeat(512), 'a\nb', '\u0000']) {
      expect(await failure(useNickname(session, nickname))).toMatchObject({ code: 'invalid-argument' })
    }
    void useNickname(session, `${'é'.repeat(511)}x`)
    expect(new TextEncoder().encode((await peer.request('NICKNAME')).field('Use-Nickname')).length).toBe(1025)
  })

  test('and given up with an empty one (RFC7701-7.3-1)', async () => {
    const { session, peer } = await active()
    void useNickname(session, '')
    expect((await peer.request('NICKNAME')).field('Use-Nickname')).toBe('""')
  })

  test.each([
    [403, /no nicknames/],
    [404, /no such chat room/],
    [423, /is no nickname/],
    [424, /is no nickname/],
    [425, /taken or reserved/],
    [501, /knows nothing of nicknames/],
    [480, /480 Later/],
  ])('%d says why it was not given', async (status, message) => {
    const { session, peer } = await active()
    const asking = failure(useNickname(session, 'Alice'))
    peer.respond(await peer.request('NICKNAME'), status, 'Later')
    expect(await asking).toMatchObject({ code: 'refused', status, message: expect.stringMatching(message) })
    expect(await stateOf(session.closed)).toBe('pending')
  })

  test('in vain when nobody answers, the connection breaks, or the session is over', async () => {
    const [silent, broken, over] = [await active(), await active(), await active()]
    const late = failure(useNickname(silent.session, 'Alice'))
    await silent.peer.request('NICKNAME')
    await silent.platform.clock.advance(30_000)
    expect(await late).toMatchObject({ code: 'timeout' })
    const lost = failure(useNickname(broken.session, 'Alice'))
    broken.peer.transport.close()
    expect(await lost).toMatchObject({ code: 'connection-lost' })
    await over.session.close()
    expect(await failure(useNickname(over.session, 'Alice'))).toMatchObject({ code: 'closed' })
  })
})

test('a room answers by its onNickname, 200 when it is given (RFC7701-7.1-11, RFC7701-7.1-12)', async () => {
  const nicknames: string[] = []
  const { sender, close } = await both({
    receiver: {
      onNickname: (nickname) => {
        if (nicknames.includes(nickname)) return 425
        nicknames.push(nickname)
        return 'accept'
      },
    },
  })
  await useNickname(sender, 'Zoë "the great"')
  expect(await failure(useNickname(sender, 'Zoë "the great"'))).toMatchObject({ status: 425 })
  await useNickname(sender, '')
  expect(nicknames).toEqual(['Zoë "the great"', ''])
  await close()
})

test.each(['SEND', 'REPORT', 'AUTH', 'nickname', ''])('%j is no method for sendRequest', async (method) => {
  const { session } = await active()
  expect(await failure(session.sendRequest(method))).toMatchObject({ code: 'invalid-argument' })
})
