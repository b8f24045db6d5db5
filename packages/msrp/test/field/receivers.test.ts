import { describe, expect, test } from 'vitest'
import type { SendOptions } from '../../src/session/options.ts'
import type { Seen } from '../session/raw-peer.ts'
import { settled } from '../session/raw-peer.ts'
import { active, nextMessage, PEER, passive, type Stage, stateOf } from '../session/stage.ts'
import { settle } from '../transport/fake-clock.ts'
import { idOf, inEveryWay, piecesOf } from './arrivals.ts'
import { named, type ReceiverText, reports, responses } from './written-by-receivers.ts'

function textFor(text: ReceiverText, chunk: Seen, attempt: number): string {
  return text.text({
    transactionId: chunk.transactionId,
    messageId: chunk.field('Message-ID')!,
    fromPath: chunk.field('From-Path')!.split(' '),
    toPath: chunk.field('To-Path')!.split(' '),
    ownId: idOf(attempt),
  })
}

/** Sends a message of five bytes for each way in which `text` can arrive about it; each has to be delivered. */
async function deliveredInEveryWay(stage: Stage, text: ReceiverText, options: SendOptions): Promise<void> {
  const { session, peer } = stage
  for (let attempt = 0, length = 1; attempt <= length; attempt++) {
    const sent = session.send('hello', options)
    const chunk = await peer.request('SEND')
    if (options.successReport !== false) peer.respond(chunk)
    const bytes = Buffer.from(textFor(text, chunk, attempt))
    ;({ length } = bytes)
    for (const piece of piecesOf(bytes, attempt)) {
      peer.write(piece)
      await settle()
    }
    await sent.delivered
  }
}

describe('A message is delivered by', () => {
  test.each(named(reports))('%s, however it arrives', async (_, text) => {
    const stage = await active()
    await deliveredInEveryWay(stage, text, {})
    expect(await stage.peer.all()).toEqual([])
    expect(stage.session.state).toBe('open')
  })
})

describe('A response counts with', () => {
  test.each(named(responses))('%s, however it arrives', async (_, text) => {
    const stage = await active({ path: `msrp://relay.example:2855/token;tcp ${PEER}` })
    await deliveredInEveryWay(stage, text, { successReport: false })
    expect(stage.session.state).toBe('open')
    expect(stage.platform.clock.pending).toBe(0)
  })
})

test('A 200 to our REPORT is passed over, however it arrives (FIELD-liberal-11)', async () => {
  const { session, peer } = await passive()
  peer.send({ body: 'hello', success: 'yes' })
  await (await nextMessage(session)).text()
  const { transactionId } = await peer.request('REPORT')
  await peer.all()
  const text = `MSRP ${transactionId} 200 Report received\r\nTo-Path: ${peer.to}\r\nFrom-Path: ${peer.from}\r\n-------${transactionId}$\r\n`
  await inEveryWay(
    () => text,
    async (piece) => {
      peer.write(piece)
      await settle()
    },
  )
  expect(await peer.all()).toEqual([])
  expect(session.state).toBe('open')
  peer.send({ body: 'more' })
  expect(await (await nextMessage(session)).text()).toBe('more')
})

test.each(['no', 'partial'] as const)(
  'A 200 that Failure-Report %s did not ask for does no harm (FIELD-liberal-17)',
  async (failureReport) => {
    const { session, peer } = await active()
    for (const text of ['one', 'two']) {
      const sent = session.send(text, { failureReport })
      const chunk = await peer.request('SEND')
      peer.respond(chunk)
      await settled()
      expect(await stateOf(sent.delivered)).toBe('pending')
      peer.report(sent.messageId, '1-3/3')
      await sent.delivered
    }
    expect(session.state).toBe('open')
  },
)
