import { describe, expect, it } from 'vitest'
import { FakeClock, settle } from '../../../msrp/test/transport/fake-clock.ts'
import { Accounting } from '../../src/accounting/accounting.ts'
import { type AccountingRecord, accountingRecord } from '../../src/accounting/record.ts'
import { record } from './records.ts'

/** A place for records that can be out of order. */
function place(most = 10) {
  const clock = new FakeClock()
  const batches: AccountingRecord[][] = []
  const logged: string[] = []
  const writer = {
    broken: false,
    closed: 0,
    write: async (records: readonly AccountingRecord[]) => {
      if (writer.broken) throw new Error('no space is left')
      batches.push([...records])
    },
    close: async () => {
      writer.closed++
    },
  }
  const log = (fields: object, message: string): void => void logged.push(`${message} ${JSON.stringify(fields)}`)
  const accounting = new Accounting({ writer, clock, log: { debug: log, info: log, warn: log }, most })
  return { clock, batches, logged, writer, accounting }
}

describe('accounting', () => {
  it('writes what ends at one time together, and what comes meanwhile next', async () => {
    const { accounting, batches } = place()
    accounting.add(record(1))
    accounting.add(record(2))
    await settle()
    accounting.add(record(3))
    await settle()
    expect(batches.map((batch) => batch.map(({ id }) => id))).toEqual([['start-1', 'start-2'], ['start-3']])
    expect(accounting.counts).toEqual({ written: 3, lost: 0, failures: 0, waiting: 0 })
  })

  it('tries again every five seconds while the place cannot be written, and loses nothing for which there is room', async () => {
    const { accounting, batches, clock, logged, writer } = place()
    writer.broken = true
    accounting.add(record(1))
    await settle()
    accounting.add(record(2))
    await settle()
    expect(accounting.counts).toEqual({ written: 0, lost: 0, failures: 1, waiting: 2 })
    await clock.advance(5000)
    expect(accounting.counts.failures).toBe(2)
    writer.broken = false
    await clock.advance(5000)
    expect(batches.flat().map(({ id }) => id)).toEqual(['start-1', 'start-2'])
    expect(accounting.counts).toEqual({ written: 2, lost: 0, failures: 2, waiting: 0 })
    expect(logged[0]).toContain('no space is left')
  })

  it('keeps no more than it may: what comes then is lost, counted and told of', async () => {
    const { accounting, logged, writer } = place(3)
    writer.broken = true
    for (let number = 0; number < 5; number++) accounting.add(record(number))
    await settle()
    expect(accounting.counts).toMatchObject({ lost: 2, waiting: 3 })
    expect(logged.filter((line) => line.includes('are lost'))).toHaveLength(2)
  })

  it('writes what waits when the relay stops', async () => {
    const { accounting, batches, writer } = place()
    accounting.add(record(1))
    await accounting.close()
    expect([batches.length, writer.closed]).toEqual([1, 1])
  })

  it('does not keep the relay from stopping when the place hangs', async () => {
    const { accounting, clock, writer } = place()
    writer.write = () => new Promise(() => {})
    accounting.add(record(1))
    const closed = accounting.close()
    await clock.advance(5000)
    await closed
    expect(accounting.counts).toMatchObject({ lost: 1, waiting: 0 })
  })
})

describe('a record', () => {
  it('tells of a session what its name says, and times as people write them', () => {
    const traffic = { messages: 1, chunks: 2, bytes: 3 }
    const facts = {
      id: 'start-1',
      account: 'alice@example.com',
      domain: 'example.com',
      client: 'tls 192.0.2.9:40312',
      relay: 'edge.example.com',
      started: 1_790_000_000.25,
      expires: 1_790_000_900,
      ended: 1_790_000_010.5,
      reason: 'expired',
      sent: traffic,
      received: { messages: 4, chunks: 5, bytes: 6 },
      peers: [],
    } as const
    expect(accountingRecord(facts, 'relay.example.com')).toEqual({
      id: 'start-1',
      relay: 'relay.example.com',
      account: 'alice@example.com',
      domain: 'example.com',
      client: 'tls 192.0.2.9:40312',
      via: 'edge.example.com',
      peers: [],
      started: '2026-09-21T14:13:20.250Z',
      ended: '2026-09-21T14:13:30.500Z',
      seconds: 10.25,
      reason: 'expired',
      sent_messages: 1,
      sent_chunks: 2,
      sent_bytes: 3,
      received_messages: 4,
      received_chunks: 5,
      received_bytes: 6,
    })
  })
})
