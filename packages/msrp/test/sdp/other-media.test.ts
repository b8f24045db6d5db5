import { describe, expect, test } from 'vitest'
import { SessionDescription } from '../../src/sdp/index.ts'
import { failure } from '../session/stage.ts'
import { portsOf, start } from './negotiations.ts'
import { listen, peerText } from './stub-endpoint.ts'

const audio = 'm=audio 49170 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n'
const video = 'm=video 51372 RTP/AVP 99\r\nb=AS:500\r\nk=clear:secret\r\n'
const session = 'v=0\r\no=app 123 17 IN IP4 10.0.0.1\r\ns=A call\r\nc=IN IP4 10.0.0.1\r\nb=CT:1000\r\nt=0 0\r\n'

const kindsOf = (text: string): string[] => SessionDescription.parse(text).media.map(({ media }) => media)

describe('Other media', () => {
  test('stand around an offer as they are, byte for byte', async () => {
    const around = session + audio + video
    const { negotiation } = start()
    const offer = await negotiation.offer({ around })
    expect(offer.startsWith(around)).toBe(true)
    expect(kindsOf(offer)).toEqual(['audio', 'video', 'message'])
    // The session's c-line is another one than ours.
    expect(offer.slice(around.length)).toContain('c=IN IP4 192.0.2.1\r\n')
  })

  test('may end in LF, or not at all', async () => {
    const around = (session + audio).replaceAll('\r\n', '\n').trimEnd()
    const offer = await start().negotiation.offer({ around })
    expect(offer.startsWith(`${around}\nm=message 5000 TCP/MSRP *\n`)).toBe(true)
    expect(offer).not.toContain('\r')
  })

  test('stay where they were, and ours too; the version counts on', async () => {
    const { negotiation } = start()
    const first = await negotiation.offer({ around: session + audio })
    const bob = start({ listen }, {}, 'b')
    await negotiation.accept(await bob.negotiation.answer(first, { around: () => session + audio }))
    expect(await negotiation.offer({ around: session + audio })).toBe(first)
    negotiation.rollback()
    expect(await negotiation.offer()).toBe(first)
    const more = await negotiation.offer({ around: session + audio + video })
    expect(kindsOf(more)).toEqual(['audio', 'message', 'video'])
    expect(SessionDescription.parse(more).origin).toMatchObject({ username: 'app', sessionId: '123', version: '18' })
    expect(await failure(negotiation.offer({ around: session }))).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('0 m-lines'),
    })
  })

  test('get the offer without ours, and answer it', async () => {
    const { negotiation } = start()
    const offer = session + audio + peerText().slice(peerText().indexOf('m=')) + video
    let asked = ''
    const theirs = `${session}${audio.replace('49170', '4')}${video.replace('51372', '0')}`
    const answer = await negotiation.answer(offer, {
      around: async (text) => {
        asked = text
        return theirs
      },
    })
    expect(asked).toBe(session + audio + video)
    expect(kindsOf(answer)).toEqual(['audio', 'message', 'video'])
    expect(portsOf(answer)).toEqual([4, 5000, 0])
    expect(answer.startsWith(session + audio.replace('49170', '4'))).toBe(true)
    expect(negotiation.remoteAround).toBe(session + audio + video)
  })

  test('are refused without anybody who looks after them', async () => {
    const { negotiation } = start()
    const answer = await negotiation.answer(session + audio + peerText().slice(peerText().indexOf('m=')))
    expect(answer).toContain('m=audio 0 RTP/AVP 0 8\r\n')
    expect(portsOf(answer)).toEqual([0, 5000])
  })

  test.each([
    ['has another number of m-lines', session, /0 m-lines, and the offer has 1/],
    [
      'has a section for MSRP',
      session + audio + peerText().slice(peerText().indexOf('m=')),
      /line 10: sections for MSRP/,
    ],
    ['has no o-line', audio, /no o-line/],
    ['is none', 'hello', /line 1/],
  ])('whose answer %s are an error', async (_, theirs, message) => {
    const { negotiation } = start()
    const offer = session + audio + peerText().slice(peerText().indexOf('m='))
    const error = await failure(negotiation.answer(offer, { around: () => theirs }))
    expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringMatching(message) })
  })

  test('alone are taken without us', async () => {
    const { negotiation } = start()
    const answer = await negotiation.answer(session + audio, { around: (text) => text })
    expect(answer).toBe(session + audio)
  })
})
