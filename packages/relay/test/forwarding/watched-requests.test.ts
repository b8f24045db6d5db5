import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../../msrp/test/transport/fake-clock.ts'
import type { Pending } from '../../src/forwarding/pending.ts'
import { WatchedRequests } from '../../src/forwarding/watched-requests.ts'

const SECOND = 1000

const names = new WeakMap<Pending, string>()
const nameOf = (pending: Pending | undefined): string | undefined => pending && names.get(pending)

function setUp() {
  const clock = new FakeClock()
  const forgotten: string[] = []
  const named = (name: string): Pending => {
    const pending = { tokens: [], answered: () => {}, unanswered: () => {}, forgotten: () => forgotten.push(name) }
    names.set(pending, name)
    return pending
  }
  return { clock, requests: new WatchedRequests(clock), forgotten, named }
}

describe('a request of which only a refusal would be told', () => {
  it('never times out, and is found once', async () => {
    const { clock, requests, forgotten, named } = setUp()
    requests.add('id1', named('partial'), 100)
    requests.taken(100)
    await clock.advance(59 * SECOND)
    expect(nameOf(requests.complete('id1'))).toBe('partial')
    expect(requests.complete('id1')).toBeUndefined()
    expect(forgotten).toEqual([])
  })

  it('is forgotten in time, though nothing else happens', async () => {
    const { clock, requests, forgotten, named } = setUp()
    requests.add('id1', named('old'), 100)
    requests.taken(100)
    await clock.advance(20 * SECOND)
    requests.add('id2', named('young'), 200)
    requests.taken(200)
    await clock.advance(40 * SECOND)
    expect(forgotten).toEqual(['old'])
    await clock.advance(20 * SECOND)
    expect(forgotten).toEqual(['old', 'young'])
    expect([clock.pending, requests.complete('id2')]).toEqual([0, undefined])
  })

  it('is not forgotten while it waits to go out: it may have to be given back', async () => {
    const { clock, requests, forgotten, named } = setUp()
    requests.add('id1', named('not sent'), 100)
    requests.taken(99)
    await clock.advance(200 * SECOND)
    expect(forgotten).toEqual([])
    requests.taken(100)
    await clock.advance(60 * SECOND)
    expect([forgotten, clock.pending]).toEqual([['not sent'], 0])
  })

  it('is forgotten when there are many, and when its owner has no more room', () => {
    const { requests, forgotten, named } = setUp()
    for (let index = 0; index <= 1024; index++) requests.add(`id${index}`, named(`${index}`), 100)
    expect(forgotten).toEqual(['0'])
    expect(requests.forgetOldest()).toBe(true)
    expect(forgotten).toEqual(['0', '1'])
    expect([requests.complete('id1'), nameOf(requests.complete('id2'))]).toEqual([undefined, '2'])
    while (requests.forgetOldest());
    expect(requests.complete('id1024')).toBeUndefined()
  })

  it('is given back when the connection is gone, if it never got out', async () => {
    const { clock, requests, forgotten, named } = setUp()
    requests.add('id2', named('sent'), 200)
    requests.add('id4', named('not sent'), 400)
    requests.taken(250)
    expect(requests.drain().map(nameOf)).toEqual(['not sent'])
    expect(forgotten).toEqual(['sent'])
    expect(requests.drain()).toEqual([])
    expect(clock.pending).toBe(0)
  })
})
