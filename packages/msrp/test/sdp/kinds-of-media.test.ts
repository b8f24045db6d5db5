import { describe, expect, test } from 'vitest'
import type { MediaWishes, Medium, NegotiationOptions, OfferedMedium } from '../../src/sdp/index.ts'
import { failure } from '../session/stage.ts'
import { portsOf, start } from './negotiations.ts'
import { attributeOf, listen, peerText } from './stub-endpoint.ts'

const file: MediaWishes = {
  listen,
  direction: 'sendonly',
  attributes: [
    ['file-selector', 'name:"a.txt"'],
    ['file-transfer-id', 'x1'],
  ],
}

describe('A kind of medium', () => {
  test('is not taken for a chat, and its refusal mirrors what it is', async () => {
    const alice = start([{ listen }, file])
    const bob = start([{ listen }, { listen }], {}, 'b')
    const answer = await bob.negotiation.answer(await alice.negotiation.offer())
    expect(portsOf(answer)).toEqual([5000, 0])
    expect(attributeOf(answer, 'file-selector', 1)).toBe('name:"a.txt"')
    expect(attributeOf(answer, 'file-transfer-id', 1)).toBe('x1')
  })

  test('that waits for an offer of ours is not what the peer’s new chat becomes', async () => {
    const { negotiation } = start()
    await negotiation.answer(peerText())
    const mine = negotiation.add(file)
    const later = peerText() + peerText({ path: 'msrp://198.51.100.7:6000/peer2;tcp' }).replace(/^.*?(?=m=)/s, '')
    expect(portsOf(await negotiation.answer(later))).toEqual([5000, 0])
    expect([mine.state, negotiation.offerDue]).toEqual(['new', true])
    negotiation.add({ listen })
    expect(attributeOf(await negotiation.answer(later), 'file-selector', 1)).toBeUndefined()
    expect(negotiation.media.map(({ state }) => state)).toEqual(['agreed', 'agreed', 'new'])
    expect(mine.index).toBeUndefined()
  })

  test('decides on each m-line, and gets the medium that comes of it', async () => {
    const seen: OfferedMedium[] = []
    let medium: Medium | undefined
    const bob = start(
      { listen },
      {
        onMedium: (offered) => {
          seen.push(offered)
          if (offered.description.attribute('file-selector') === undefined) return undefined
          if (offered.medium !== undefined) return { change: { attributes: [['file-range', '1-2']] } }
          return { take: { listen, attributes: [['file-selector', 'taken']] }, onTaken: (it) => (medium = it) }
        },
      },
    )
    const alice = start([file, { listen }])
    const offer = await alice.negotiation.offer()
    const answer = await bob.negotiation.answer(offer)
    expect(portsOf(answer)).toEqual([5000, 5000])
    expect(attributeOf(answer, 'file-selector', 0)).toBe('taken')
    expect(attributeOf(answer, 'recvonly', 0)).toBe('')
    expect(medium).toMatchObject({ index: 0, direction: 'recvonly' })
    expect((await medium?.session)?.localPath).toBe('msrp://192.0.2.1:5000/a1;tcp')
    expect(seen.map(({ description, medium: known }) => [description.index, known])).toEqual([
      [0, undefined],
      [1, undefined],
    ])
    await alice.negotiation.accept(answer)
    const second = await bob.negotiation.answer(await alice.negotiation.offer())
    expect(seen[2]?.medium).toBe(medium)
    expect(attributeOf(second, 'file-range', 0)).toBe('1-2')
  })

  test('can be refused, with attributes of its own', async () => {
    const onMedium: NegotiationOptions['onMedium'] = ({ description }) =>
      description.attribute('file-selector') === undefined
        ? undefined
        : { refuse: 'no files', attributes: [['x', 'y']] }
    const bob = start({ listen }, { onMedium })
    const answer = await bob.negotiation.answer(await start([file, { listen }]).negotiation.offer())
    expect(portsOf(answer)).toEqual([0, 5000])
    expect(attributeOf(answer, 'x', 0)).toBe('y')
    const alone = start([], { onMedium })
    const error = await failure(alone.negotiation.answer(await start([file]).negotiation.offer()))
    expect(error).toMatchObject({ code: 'not-acceptable', message: expect.stringContaining('no files') })
  })

  test('can take the place of another one, on a path of its own', async () => {
    let next = false
    const bob = start(
      [],
      { onMedium: () => (next ? { take: { listen, information: 'next' } } : { take: { listen } }) },
      'b',
    )
    const alice = start(file)
    await alice.negotiation.accept(await bob.negotiation.answer(await alice.negotiation.offer()))
    const [first] = bob.negotiation.media
    const ending = await first?.session
    next = true
    const answer = await bob.negotiation.answer(await alice.negotiation.offer())
    expect(answer).toContain('i=next')
    expect([ending?.state, first?.state]).toEqual(['closed', 'over'])
    await alice.negotiation.accept(answer)
    expect((await alice.negotiation.session).remotePath).toBe('msrp://192.0.2.1:5000/b2;tcp')
  })

  test('hears each time the peer says something of it', async () => {
    const alice = start()
    const bob = start({ listen }, {}, 'b')
    const said: (string | number)[] = []
    const both: string[] = []
    const [medium] = alice.negotiation.media
    const stop = medium?.onRemote(({ port, direction }) => said.push(port, direction))
    medium?.onRemote(({ direction }) => both.push(direction))
    await alice.negotiation.accept(await bob.negotiation.answer(await alice.negotiation.offer()))
    bob.negotiation.hold()
    await alice.negotiation.answer(await bob.negotiation.offer())
    expect(said).toEqual([5000, 'sendrecv', 5000, 'sendonly'])
    stop?.()
    bob.negotiation.resume()
    await alice.negotiation.answer(await bob.negotiation.offer())
    expect(said).toHaveLength(4)
    expect(both).toEqual(['sendrecv', 'sendonly', 'sendrecv'])
  })
})
