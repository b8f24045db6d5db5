import { describe, expect, test } from 'vitest'
import type { Medium, NegotiationOptions } from '../../src/sdp/index.ts'
import type { PreparedSession } from '../../src/session/api.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { failure, stateOf } from '../session/stage.ts'
import { settle } from '../transport/fake-clock.ts'
import { start } from './negotiations.ts'
import { attributeOf, listen, peerText } from './stub-endpoint.ts'

// What is given up, or fails, leaves nothing behind.

const ABORTED = { code: 'aborted' }

/** Two m-lines. */
const two = peerText({ setup: 'active' }) + peerText({ setup: 'active' }).replace(/^.*?(?=m=)/s, '')

describe('accept', () => {
  test('that waits for a peer who never comes is given up, and the next offer has another path', async () => {
    const { endpoint, negotiation, controller, signal } = start()
    endpoint.opensAtOnce = false
    await negotiation.offer()
    const accepting = negotiation.accept(peerText({ setup: 'active' }), { signal })
    await settle()
    expect(await stateOf(accepting)).toBe('pending')
    controller.abort(new Error('enough'))
    expect(await failure(accepting)).toMatchObject(ABORTED)
    expect(await failure(negotiation.session)).toMatchObject(ABORTED)
    expect(endpoint.completions[0]?.options.signal?.aborted).toBe(true)
    endpoint.opensAtOnce = true
    expect(attributeOf(await negotiation.offer(), 'path')).toContain('/a2;tcp')
    await negotiation.accept(peerText({ setup: 'active' }))
    expect(endpoint.prepared.map(({ isClosed }) => isClosed)).toEqual([true, false])
  })

  test('ends nothing that is open', async () => {
    const { endpoint, negotiation, controller, signal } = start([{ listen }, { listen }])
    await negotiation.offer()
    const first = await negotiation.accept(two, { signal })
    const second = await negotiation.media[1]?.session
    controller.abort()
    await settle()
    expect([first.state, second?.state]).toEqual(['open', 'open'])
    expect(endpoint.completions.map(({ options }) => options.signal?.aborted)).toEqual([false, false])
  })

  test('gives up what is not open, and keeps what is', async () => {
    const { endpoint, negotiation, controller, signal } = start([{ listen }, { listen }])
    endpoint.opensAtOnce = false
    await negotiation.offer()
    const accepting = negotiation.accept(two, { signal })
    await settle()
    endpoint.completions[1]?.open()
    await settle()
    controller.abort()
    expect(await failure(accepting)).toMatchObject(ABORTED)
    expect((await negotiation.media[1]?.session)?.state).toBe('open')
  })

  test('gives up what is not open, also when something else is', async () => {
    const { endpoint, negotiation, controller, signal } = start([{ listen }, { listen }])
    endpoint.opensAtOnce = false
    await negotiation.offer()
    const accepting = negotiation.accept(two, { signal })
    await settle()
    endpoint.completions[0]?.open()
    expect((await accepting).state).toBe('open')
    controller.abort()
    expect(await failure(negotiation.media[1]?.session as Promise<unknown>)).toMatchObject(ABORTED)
    expect((await negotiation.session).state).toBe('open')
  })

  test('gives up nothing of what a later answer began', async () => {
    const { endpoint, negotiation, controller, signal } = start()
    await negotiation.offer()
    await negotiation.accept(peerText({ setup: 'active' }), { signal })
    endpoint.opensAtOnce = false
    await negotiation.offer()
    const path = 'msrp://198.51.100.7:6000/peer2;tcp'
    const accepting = negotiation.accept(peerText({ setup: 'active', path }))
    await settle()
    controller.abort()
    await settle()
    endpoint.completions[1]?.open()
    expect((await accepting).remotePath).toBe(path)
  })

  test('is given up by who hears of the answer', async () => {
    const { endpoint, negotiation, controller, signal } = start()
    endpoint.opensAtOnce = false
    await negotiation.offer()
    negotiation.media[0]?.onRemote(() => controller.abort())
    expect(await failure(negotiation.accept(peerText({ setup: 'active' }), { signal }))).toMatchObject(ABORTED)
  })

  test('waits for nothing that the offer was not about', async () => {
    const { endpoint, negotiation } = start()
    endpoint.opensAtOnce = false
    await negotiation.offer()
    void failure(negotiation.accept(peerText({ setup: 'active' })))
    await settle()
    negotiation.media[0]?.remove()
    await negotiation.offer()
    negotiation.add({ listen })
    expect(await failure(negotiation.accept(peerText({ port: 0 })))).toMatchObject({ code: 'closed' })
  })

  test('that was given up before it began leaves the offer out', async () => {
    const { negotiation } = start()
    await negotiation.offer()
    const signal = AbortSignal.abort()
    expect(await failure(negotiation.accept(peerText({ setup: 'passive' }), { signal }))).toMatchObject(ABORTED)
    expect((await negotiation.accept(peerText({ setup: 'passive' }))).state).toBe('open')
  })

  test('that is given up while a name is looked up leaves the offer out', async () => {
    const lookup = (): Promise<never> => new Promise(() => {})
    const { negotiation, controller, signal } = start({ listen, cema: true }, { lookup })
    await negotiation.offer()
    const answer = peerText({ setup: 'passive', address: 'peer.example' })
    const accepting = negotiation.accept(answer, { signal })
    await settle()
    controller.abort()
    expect(await failure(accepting)).toMatchObject(ABORTED)
    expect((await negotiation.accept(peerText({ setup: 'passive' }))).state).toBe('open')
  })

  test('of the same answer twice at a time is one session', async () => {
    const looking = Promise.withResolvers<string[]>()
    const { endpoint, negotiation } = start({ listen, cema: true }, { lookup: () => looking.promise })
    await negotiation.offer()
    const answer = peerText({ setup: 'passive', address: 'peer.example' })
    const both = Promise.all([negotiation.accept(answer), negotiation.accept(answer)])
    looking.resolve(['198.51.100.7'])
    const [one, other] = await both
    expect(one).toBe(other)
    expect(endpoint.completions).toHaveLength(1)
  })
})

describe('offer', () => {
  test('that waits for a path is given up, and the path goes when it comes', async () => {
    const { endpoint, negotiation, controller, signal } = start()
    const prepare = endpoint.prepare.bind(endpoint)
    const ready = Promise.withResolvers<void>()
    endpoint.prepare = async (options): Promise<PreparedSession> => {
      await ready.promise
      return prepare(options)
    }
    const offering = negotiation.offer({ signal })
    await settle()
    controller.abort()
    ready.resolve()
    expect(await failure(offering)).toMatchObject(ABORTED)
    expect(endpoint.prepared.map(({ isClosed }) => isClosed)).toEqual([true])
    expect(negotiation.busy).toBe(false)
    expect(attributeOf(await negotiation.offer(), 'path')).toContain('/a2;tcp')
  })

  test('that was given up before it began takes nothing back', async () => {
    const { negotiation } = start()
    await negotiation.offer()
    expect(await failure(negotiation.offer({ signal: AbortSignal.abort() }))).toMatchObject(ABORTED)
    expect((await negotiation.accept(peerText({ setup: 'passive' }))).state).toBe('open')
  })
})

describe('answer', () => {
  test('is given up while the application is asked, whose decision then comes too late', async () => {
    const asked = Promise.withResolvers<void>()
    const taken: Medium[] = []
    let times = 0
    const { endpoint, negotiation, controller, signal } = start([], {
      onMedium: async () => {
        if (++times === 1) await asked.promise
        return { take: { listen }, onTaken: (medium) => taken.push(medium) }
      },
    })
    const answering = negotiation.answer(peerText({ setup: 'active' }), { signal })
    await settle()
    controller.abort()
    expect(await failure(answering)).toMatchObject(ABORTED)
    asked.resolve()
    await settle()
    expect([taken, endpoint.prepared, negotiation.media, negotiation.busy]).toEqual([[], [], [], false])
    await negotiation.answer(peerText({ setup: 'active' }))
    expect(taken).toHaveLength(1)
  })

  test.each<[string, (started: ReturnType<typeof start>) => unknown, object]>([
    ['is given up', ({ controller }) => controller.abort(), ABORTED],
    ['finds the negotiation closed', ({ negotiation }) => negotiation.close(), { code: 'closed' }],
  ])('that %s while the application is asked tells it so, at once', async (_, then, error) => {
    const signals: AbortSignal[] = []
    const onMedium: NegotiationOptions['onMedium'] = ({ signal }) => {
      signals.push(signal)
      return signals.length === 1 ? { take: { listen } } : new Promise(() => {})
    }
    const started = start([], { onMedium })
    const answering = failure(started.negotiation.answer(two, { signal: started.signal }))
    await settle()
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false])
    void then(started)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
    expect(await answering).toMatchObject(error)
    expect(started.negotiation.busy).toBe(false)
  })

  test('that fails for another reason tells the application that was asked', async () => {
    const signals: AbortSignal[] = []
    const { endpoint, negotiation } = start([], {
      onMedium: ({ signal }) => {
        signals.push(signal)
        return { take: { listen } }
      },
    })
    const error = new MsrpError('unreachable', 'The port is taken')
    endpoint.prepare = () => Promise.reject(error)
    expect(await failure(negotiation.answer(peerText({ setup: 'active' })))).toBe(error)
    expect(signals.map(({ reason }) => reason)).toEqual([error])
  })

  test('that is out tells nobody of a signal that comes later', async () => {
    const signals: AbortSignal[] = []
    const onMedium: NegotiationOptions['onMedium'] = ({ signal }) => void signals.push(signal)
    const { negotiation, controller, signal } = start({ listen }, { onMedium })
    await negotiation.answer(peerText({ setup: 'active' }), { signal })
    controller.abort()
    await negotiation.close()
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })

  test('that was given up before it began asks nobody', async () => {
    let asked = 0
    const { negotiation } = start({ listen }, { onMedium: () => void asked++ })
    const around = (): string => String(asked++)
    const signal = AbortSignal.abort()
    expect(await failure(negotiation.answer(peerText({ setup: 'active' }), { around, signal }))).toMatchObject(ABORTED)
    expect([asked, negotiation.busy]).toEqual([0, false])
  })

  test('is given up between two m-lines, and the second is asked for no more', async () => {
    let asked = 0
    const controller = new AbortController()
    const onMedium = (): undefined => {
      asked++
      controller.abort()
    }
    const { negotiation } = start([{ listen }, { listen }], { onMedium })
    expect(await failure(negotiation.answer(two, { signal: controller.signal }))).toMatchObject(ABORTED)
    expect(asked).toBe(1)
  })

  test('is given up while others write theirs', async () => {
    const { endpoint, negotiation, controller, signal } = start()
    const around = (): Promise<never> => new Promise(() => {})
    const answering = negotiation.answer(peerText({ setup: 'active' }), { around, signal })
    await settle()
    controller.abort()
    expect(await failure(answering)).toMatchObject(ABORTED)
    expect(endpoint.completions).toEqual([])
  })

  test.each<[string, (started: ReturnType<typeof start>) => unknown, object]>([
    ['fails', () => {}, { code: 'unreachable' }],
    ['is given up', ({ controller }) => controller.abort(), ABORTED],
    ['finds the negotiation closed', ({ negotiation }) => negotiation.close(), { code: 'closed' }],
  ])('that %s at one m-line ends what was taken for another one', async (_, then, error) => {
    const taken: Medium[] = []
    const onMedium: NegotiationOptions['onMedium'] = () => ({
      take: { listen },
      onTaken: (medium) => taken.push(medium),
    })
    const started = start([], { onMedium })
    const { endpoint, negotiation, signal } = started
    const prepare = endpoint.prepare.bind(endpoint)
    endpoint.prepare = async (options): Promise<PreparedSession> => {
      if (endpoint.prepared.length === 0) return prepare(options)
      then(started)
      if ('code' in error && error.code === 'unreachable') throw new MsrpError('unreachable', 'The port is taken')
      return prepare(options)
    }
    expect(await failure(negotiation.answer(two, { signal }))).toMatchObject(error)
    expect(taken.map(({ state }) => state)).toEqual(['over', 'over'])
    expect(await failure(taken[0]?.session as Promise<unknown>)).toMatchObject(error)
    expect(endpoint.prepared.every(({ isClosed }) => isClosed)).toBe(true)
    expect(endpoint.completions).toEqual([])
  })
})

describe('One offer at a time is written or answered (RFC 3264 §4)', () => {
  test('and a new one waits for that, and keeps what was added meanwhile', async () => {
    const asked = Promise.withResolvers<undefined>()
    const { negotiation } = start({ listen }, { onMedium: () => asked.promise })
    const answering = negotiation.answer(peerText({ setup: 'active' }))
    await settle()
    expect(negotiation.busy).toBe(true)
    const glare = { code: 'glare' }
    expect(await failure(negotiation.offer())).toMatchObject(glare)
    expect(await failure(negotiation.answer(peerText()))).toMatchObject(glare)
    const added = negotiation.add({ listen })
    asked.resolve(undefined)
    await answering
    expect(negotiation.busy).toBe(false)
    expect([negotiation.media.length, added.state, negotiation.offerDue]).toEqual([2, 'new', true])
    const offering = negotiation.offer()
    const later = negotiation.add({ listen })
    expect(await failure(negotiation.answer(peerText()))).toMatchObject(glare)
    expect((await offering).match(/^m=/gm)).toHaveLength(2)
    expect([added.state, later.state]).toEqual(['offered', 'new'])
  })
})
