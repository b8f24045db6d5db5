import type { AccountingRecord } from '../../src/accounting/record.ts'

/** A record, the same for the same number. */
export function record(number: number): AccountingRecord {
  return {
    id: `start-${number}`,
    relay: 'relay.example.com',
    account: 'alice@example.com',
    domain: 'example.com',
    client: 'tls 192.0.2.9:40312',
    via: null,
    peers: [{ host: 'far.example.net', address: 'tls 192.0.2.7:2855' }],
    started: '2026-11-21T20:00:00.000Z',
    ended: '2026-11-21T20:00:12.500Z',
    seconds: 12.5,
    reason: 'disconnected',
    sent_messages: number,
    sent_chunks: number,
    sent_bytes: 5_000_000_000,
    received_messages: 0,
    received_chunks: 0,
    received_bytes: 0,
  }
}
