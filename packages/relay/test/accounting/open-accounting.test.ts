import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { FakeClock, settle } from '../../../msrp/test/transport/fake-clock.ts'
import { openAccounting } from '../../src/accounting/open-accounting.ts'
import type { SessionFacts } from '../../src/forwarding/session-facts.ts'

const none = { messages: 0, chunks: 0, bytes: 0 }
const session = (id: string): SessionFacts => ({
  id,
  account: 'alice@example.com',
  domain: 'example.com',
  client: 'tls 192.0.2.9:40312',
  relay: undefined,
  started: 1,
  expires: 3,
  ended: 2,
  reason: 'expired',
  sent: none,
  received: none,
  peers: [],
})
const surroundings = {
  relay: 'relay.example.com',
  clock: new FakeClock(),
  log: { debug: () => {}, info: () => {}, warn: () => {} },
}

it('other settings send records elsewhere, and lose none; those that cannot be are refused', async () => {
  const folder = temporaryFolder()
  const [one, two] = [join(folder, 'one'), join(folder, 'two')]
  const ids = (path: string): string[] =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id)
  const accounting = await openAccounting({ file: one, sync: true, queue: 10 }, surroundings)
  accounting.take(session('a-1'))
  const impossible = { file: join(folder, 'missing', 'x'), sync: true, queue: 10 }
  await expect(accounting.reconfigure(impossible)).rejects.toMatchObject({ code: 'storage' })
  accounting.take(session('a-2'))
  await accounting.reconfigure({ file: two, sync: true, queue: 10 })
  accounting.take(session('a-3'))
  await accounting.close()
  expect([ids(one), ids(two)]).toEqual([['a-1', 'a-2'], ['a-3']])
})

it('without a place nothing is kept, until settings name one', async () => {
  const accounting = await openAccounting({ sync: true, queue: 10 }, surroundings)
  accounting.take(session('a-1'))
  expect([...accounting.counts]).toEqual([])
  const file = join(temporaryFolder(), 'file')
  await accounting.reconfigure({ file, sync: true, queue: 10 })
  accounting.take(session('a-2'))
  await settle()
  await accounting.close()
  expect(readFileSync(file, 'utf8')).toContain('"a-2"')
  expect(readFileSync(file, 'utf8')).not.toContain('"a-1"')
})
