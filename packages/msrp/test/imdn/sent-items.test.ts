import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import type { Disposition } from '../../src/imdn/disposition.ts'
import { buildImdn, type Imdn, parseImdn } from '../../src/imdn/imdn.ts'
import { SentItems, type SentItemsOptions } from '../../src/imdn/sent-items.ts'
import { stateOf } from '../session/stage.ts'
import { FakeClock } from '../transport/fake-clock.ts'

const BOB = 'sip:bob@example.com'

function items(options: SentItemsOptions = {}): { sent: SentItems; clock: FakeClock } {
  const clock = new FakeClock()
  return { sent: new SentItems({ clock, ...options }), clock }
}

function imdn(messageId: string, said: string, recipientUri?: string): Imdn {
  const [type, status] = said.split(' ')
  const disposition = { type, status } as Disposition
  return parseImdn(buildImdn({ messageId, dateTime: '', recipientUri, disposition }))[0]!
}

const add = (sent: SentItems, messageId: string, to: string[] = [BOB]) =>
  sent.add({ messageId, to, wishes: ['positive-delivery', 'negative-delivery', 'display'] })

describe('a notification is about', () => {
  test('the message with its Message-ID, and no other (RFC5438-6.3-2)', async () => {
    const { sent } = items()
    const [first, second] = [add(sent, 'a'), add(sent, 'b')]
    expect(sent.take(imdn('c', 'delivery delivered'))).toBeUndefined()
    expect(sent.take(imdn('b', 'delivery delivered'), BOB)?.item).toBe(second)
    await second.delivered
    expect(await stateOf(first.delivered)).toBe('pending')
  })

  test('what it says: good news resolves, bad news rejects and names it', async () => {
    const { sent } = items()
    for (const [said, promise, state] of [
      ['delivery delivered', 'delivered', 'resolved'],
      ['delivery failed', 'delivered', 'rejected'],
      ['delivery error', 'delivered', 'rejected'],
      ['display displayed', 'displayed', 'resolved'],
      ['display displayed', 'delivered', 'resolved'],
      ['display forbidden', 'displayed', 'rejected'],
      ['display forbidden', 'delivered', 'pending'],
      ['processing stored', 'processed', 'resolved'],
      ['processing processed', 'delivered', 'pending'],
    ] as const) {
      const item = add(sent, 'a')
      sent.take(imdn('a', said, BOB))
      expect([said, promise, await stateOf(item[promise])]).toEqual([said, promise, state])
    }
    const item = add(sent, 'a')
    sent.take(imdn('a', 'delivery failed', BOB))
    await expect(item.delivered).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/bob.*delivery failed/),
    })
  })

  test('one recipient among several, by its URI whatever the case of its host (RFC5438-7.1.4-1)', async () => {
    const { sent } = items()
    const item = add(sent, 'a', [BOB, 'sip:carol@example.com'])
    sent.take(imdn('a', 'delivery failed'), 'SIP:bob@EXAMPLE.com')
    expect(await stateOf(item.recipient(BOB).delivered)).toBe('rejected')
    // Not all have failed.
    expect(await stateOf(item.delivered)).toBe('pending')
    sent.take(imdn('a', 'delivery delivered'), 'sip:carol@example.com')
    sent.take(imdn('a', 'display displayed'), 'sip:carol@example.com')
    expect(await stateOf(item.delivered)).toBe('resolved')
    expect(
      [...item.recipients].map(([uri, { dispositions }]) => [
        uri,
        [...dispositions.values()].map(({ status }) => status),
      ]),
    ).toEqual([
      [BOB, ['failed']],
      ['sip:carol@example.com', ['delivered', 'displayed']],
    ])
  })

  test('all of them when it has failed for all', async () => {
    const { sent } = items()
    const item = add(sent, 'a', [BOB, 'sip:carol@example.com'])
    sent.take(imdn('a', 'delivery failed'), BOB)
    sent.take(imdn('a', 'delivery failed'), BOB)
    expect(await stateOf(item.delivered)).toBe('pending')
    sent.take(imdn('a', 'delivery forbidden'), 'sip:carol@example.com')
    expect(await stateOf(item.delivered)).toBe('rejected')
  })

  test('the participant who says so, where the document names the chat room', async () => {
    const { sent } = items()
    const item = add(sent, 'a', ['sip:room@example.com'])
    const receipts = [BOB, 'sip:carol@example.com'].map((from, index) =>
      sent.take(imdn('a', `display ${index === 0 ? 'displayed' : 'forbidden'}`, 'sip:room@example.com'), from),
    )
    expect(receipts.map((taken) => taken?.receipt.recipient)).toEqual([BOB, 'sip:carol@example.com'])
    expect(await stateOf(item.displayed)).toBe('resolved')
    expect(await stateOf(item.recipient('sip:carol@example.com').displayed)).toBe('rejected')
  })

  test('nobody but its sender, whoever the document names, unless that is the list or room itself', async () => {
    const room = 'sip:room@example.com'
    const mallory = 'sip:mallory@example.com'
    const { sent } = items()
    const item = add(sent, 'a', [room])
    expect(sent.take(imdn('a', 'display displayed', BOB), mallory)?.receipt.recipient).toBe(mallory)
    expect(await stateOf(item.recipient(BOB).displayed)).toBe('pending')
    for (let number = 0; number < 300; number++) sent.take(imdn('a', 'display displayed', `sip:${number}@x.y`), mallory)
    expect(sent.take(imdn('a', 'display displayed', BOB), room)?.receipt.recipient).toBe(BOB)
    expect(await stateOf(item.recipient(BOB).displayed)).toBe('resolved')
    // One of those it was written to tells of no other.
    const both = add(sent, 'b', [BOB, 'sip:carol@example.com'])
    expect(sent.take(imdn('b', 'delivery delivered', 'sip:carol@example.com'), BOB)?.receipt.recipient).toBe(BOB)
    expect(await stateOf(both.recipient('sip:carol@example.com').delivered)).toBe('pending')
  })

  test('one participant of a room, whose bad news is not that of all', async () => {
    const { sent } = items()
    const item = add(sent, 'a', ['sip:room@example.com'])
    sent.take(imdn('a', 'delivery failed', 'sip:room@example.com'), 'sip:mallory@example.com')
    sent.take(imdn('a', 'delivery failed', 'sip:carol@example.com'), 'sip:room@example.com')
    expect(await stateOf(item.delivered)).toBe('pending')
    expect(await stateOf(item.recipient('sip:mallory@example.com').delivered)).toBe('rejected')
    sent.take(imdn('a', 'delivery delivered', BOB), BOB)
    expect(await stateOf(item.delivered)).toBe('resolved')
  })

  test('whom the message went to, where it does not say from whom it is, and nobody else', () => {
    const { sent } = items()
    const room = 'sip:room@example.com'
    const recipient = (messageId: string, about?: string): string | undefined =>
      sent.take(imdn(messageId, 'delivery delivered', about))?.receipt.recipient
    add(sent, 'one')
    add(sent, 'several', [BOB, 'sip:carol@example.com'])
    add(sent, 'room', [room])
    expect([recipient('one', 'sip:mallory@example.com'), recipient('one', 'SIP:bob@EXAMPLE.com')]).toEqual([
      undefined,
      BOB,
    ])
    expect([recipient('one'), recipient('room'), recipient('room', BOB)]).toEqual([BOB, room, undefined])
    // Any of them could say so of the others.
    expect([recipient('several'), recipient('several', BOB)]).toEqual([undefined, undefined])
    expect(sent.get('several')?.dispositions.size).toBe(0)
  })

  test('the sender of its envelope, where the document names nobody', () => {
    const { sent } = items()
    add(sent, 'a')
    expect(sent.take(imdn('a', 'delivery delivered'), BOB)?.receipt.recipient).toBe(BOB)
  })
})

test('what is kept of notifications is small, however large they are', async () => {
  // 1500 notifications of 60 KB are 90 MB.
  const reader = new Worker(new URL('./many-notifications.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 32 },
  })
  expect(await once(reader, 'message')).toEqual([1500])
})

describe('what was sent is followed', () => {
  test('until everything is said that was asked of those it was written to (RFC5438-7.1.3-1)', () => {
    const { sent, clock } = items()
    add(sent, 'a')
    sent.take(imdn('a', 'delivery delivered', BOB))
    expect(sent.get('a')).toBeDefined()
    sent.take(imdn('a', 'display displayed', BOB))
    expect([sent.get('a'), sent.size, clock.pending]).toEqual([undefined, 0, 0])
  })

  test('for a day', async () => {
    const { sent, clock } = items()
    const old = add(sent, 'a')
    await clock.advance(3_600_000)
    const young = add(sent, 'b')
    await clock.advance(82_799_999)
    expect(await stateOf(old.delivered)).toBe('pending')
    await clock.advance(1)
    await expect(old.delivered).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('86400 s') })
    expect([sent.size, await stateOf(young.delivered)]).toEqual([1, 'pending'])
    await clock.advance(3_600_000)
    expect([sent.size, clock.pending]).toEqual([0, 0])
  })

  test('as long as not too many others were sent since', async () => {
    const { sent } = items({ count: 2 })
    const [first, second] = ['a', 'b', 'c'].map((id) => add(sent, id))
    await expect(first!.displayed).rejects.toMatchObject({ code: 'limit-exceeded' })
    expect([sent.size, await stateOf(second!.displayed)]).toEqual([2, 'pending'])
  })

  test('with 256 recipients at most', () => {
    const { sent } = items()
    const item = add(sent, 'a', ['sip:room@example.com'])
    for (let number = 0; number < 300; number++) sent.take(imdn('a', 'delivery delivered'), `sip:${number}@example.com`)
    expect(item.recipients.size).toBe(256)
    expect(() => item.recipient('sip:one@more.example')).toThrow(/256 recipients/)
    const other = add(sent, 'b', ['sip:room@example.com'])
    expect(sent.take(imdn('b', 'delivery delivered'), `sip:${'x'.repeat(600)}@example.com`)).toBeUndefined()
    expect(other.recipients.size).toBe(0)
  })

  test('until it is forgotten, or all is', async () => {
    const { sent, clock } = items()
    const [first, second] = [add(sent, 'a'), add(sent, 'b')]
    sent.forget('a')
    await expect(first.processed).rejects.toMatchObject({ code: 'aborted' })
    sent.close()
    await expect(second.recipient(BOB).displayed).rejects.toMatchObject({ code: 'closed' })
    expect([sent.size, clock.pending]).toEqual([0, 0])
  })
})
