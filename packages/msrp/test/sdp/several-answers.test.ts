import { describe, expect, test } from 'vitest'
import { failure } from '../session/stage.ts'
import { start } from './negotiations.ts'
import { listen, peerText } from './stub-endpoint.ts'

describe('Several answers to one offer (RFC 4975 §8.8)', () => {
  test('are several sessions on one path of ours', async () => {
    const { endpoint, negotiation } = start({ listen })
    await negotiation.offer()
    const other = negotiation.fork()
    const [first, second] = await Promise.all([
      negotiation.accept(peerText({ setup: 'passive' })),
      other.accept(peerText({ setup: 'passive', path: 'msrp://198.51.100.8:6000/peer2;tcp' })),
    ])
    expect(first.localPath).toBe(second.localPath)
    expect([first.remotePath, second.remotePath]).toEqual([
      'msrp://198.51.100.7:6000/peer1;tcp',
      'msrp://198.51.100.8:6000/peer2;tcp',
    ])
    expect(endpoint.prepared).toHaveLength(1)
    await negotiation.close()
    expect([first.state, second.state, endpoint.prepared[0]?.isClosed]).toEqual(['closed', 'open', false])
    await other.close()
    expect([second.state, endpoint.prepared[0]?.isClosed]).toEqual(['closed', true])
  })

  test('may come after the first was taken, and go on for themselves', async () => {
    const { negotiation } = start({ listen })
    const offer = await negotiation.offer()
    await negotiation.accept(peerText({ setup: 'passive' }))
    const other = negotiation.fork()
    await other.accept(peerText({ setup: 'passive', path: 'msrp://198.51.100.8:6000/peer2;tcp' }))
    expect(await other.offer()).toBe(offer)
    other.hold()
    expect(await other.offer()).toMatch(/^o=- \d+ 2 /m)
    expect(await negotiation.offer()).toBe(offer)
  })

  const refusal = 'v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\nt=0 0\r\nm=message 0 TCP/MSRP *\r\n'

  test('do not suffer from one who refuses first', async () => {
    const { endpoint, negotiation } = start()
    await negotiation.offer()
    expect(await failure(negotiation.accept(refusal))).toMatchObject({ code: 'not-acceptable' })
    const other = negotiation.fork()
    expect((await other.accept(peerText({ setup: 'passive' }))).localPath).toBe('msrp://192.0.2.1:5000/a1;tcp')
    await negotiation.close()
    expect(endpoint.prepared[0]?.isClosed).toBe(false)
    await other.close()
    expect(endpoint.prepared[0]?.isClosed).toBe(true)
  })

  test('find the path when each has a fork, and the first is closed', async () => {
    const { endpoint, negotiation } = start()
    await negotiation.offer()
    const first = negotiation.fork()
    await first.accept(peerText({ setup: 'passive' }))
    await first.close()
    const path = 'msrp://198.51.100.7:6000/peer2;tcp'
    const second = negotiation.fork()
    expect((await second.accept(peerText({ setup: 'passive', path }))).remotePath).toBe(path)
    await Promise.all([second.close(), negotiation.close()])
    expect(endpoint.prepared[0]?.isClosed).toBe(true)
  })

  test('want to be told apart: another answer needs a fork', async () => {
    const { negotiation } = start({ listen })
    await negotiation.offer()
    await negotiation.accept(peerText({ setup: 'passive' }))
    const error = await failure(negotiation.accept(peerText({ path: 'msrp://198.51.100.8:6000/peer2;tcp' })))
    expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining('fork()') })
    await negotiation.answer(peerText({ setup: 'passive' }))
    expect(() => negotiation.fork()).toThrow(/offer of ours/)
  })
})
