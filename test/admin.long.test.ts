import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import { valueIn } from '../packages/relay/test/admin/exposition.ts'
import { administeredRelay, answered, keptIn, metricsOf } from './support/admin.ts'
import { startMsrp } from './support/process.ts'
import { requires } from './support/requires.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { expectExit, startReceiver, startSender, throughRelay, until } from './support/transfer.ts'

test('a relay that stops is not ready, and keeps records of the sessions that it ends', async () => {
  const watched = await administeredRelay({ settings: { drain: 2 } })
  const { relay, url } = watched
  expect(await (await fetch(`${url}/ready`)).json()).toEqual({ ready: true, users: 'reachable' })
  const client = await relay.login(relay.alice)
  // What nobody takes keeps the relay draining.
  const peer = await relay.login(relay.bob)
  client.pause()
  const path = [...client.usePath].reverse()
  for (let count = 0; count < 40; count++) {
    peer.request('SEND', {
      toPath: [peer.usePath[0]!, ...path, client.uri],
      fields: [
        ['Message-ID', `message${count}`],
        ['Byte-Range', '1-262144/262144'],
      ],
      body: Buffer.alloc(262_144, 'x'),
    })
  }
  await answered(`${url}/status`, (_, { buffer }: { buffer: { bytes: number } }) => buffer.bytes > 100_000)
  await expectExit(startMsrp(['relay', 'drain', ...watched.options]))
  const answer = await answered(`${url}/ready`, (status) => status === 503)
  expect(answer).toMatchObject({ ready: false, reason: expect.stringContaining('draining') })
  await relay.program.exit()
  expect(
    keptIn(watched)
      .map(({ account, reason }) => `${account} ${reason}`)
      .sort(),
  ).toEqual(['alice@localhost stopped', 'bob@localhost stopped'])
})

test('a relay goes on while the disk of its records is full, and writes them when there is room', async (context) => {
  mayMount(context)
  const disk = join(temporaryFolder(), 'disk')
  mkdirSync(disk)
  const watched = await administeredRelay({
    settings: { accounting: { file: join(disk, 'sessions.jsonl'), database: join(disk, 'sessions.sqlite') } },
    within: ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs -o size=256k none "$0" && exec "$@"', disk],
  })
  const { relay } = watched
  const seen = join('/proc', String(relay.program.pid), 'root', disk)
  const records = () => keptIn(watched, join(seen, 'sessions.jsonl'))
  const session = async (): Promise<void> => (await relay.login(relay.alice)).destroy()
  await session()
  await until(() => records().length === 1, 'the first record')

  const filler = join(seen, 'filler')
  expect(() => writeFileSync(filler, Buffer.alloc(1_000_000))).toThrow(/ENOSPC/)
  for (let count = 0; count < 40; count++) await session()
  await relay.program.stderr.line(/no space is left.*records cannot be written/)
  const source = join(watched.folder, 'file')
  writeFileSync(source, Buffer.alloc(2_000_000, 'a file '))
  const receiver = await startReceiver(throughRelay(relay), { args: ['--count', '1'] })
  await expectExit(startSender([source], receiver))
  await expectExit(receiver.program)
  const failing = await metricsOf(watched)
  for (const place of ['file', 'database']) {
    expect(valueIn(failing, `msrp_relay_accounting_failures_total{place="${place}"}`)).toBeGreaterThan(0)
    expect(valueIn(failing, `msrp_relay_accounting_waiting{place="${place}"}`)).toBeGreaterThan(0)
    expect(valueIn(failing, `msrp_relay_accounting_records_total{place="${place}",result="lost"}`)).toBe(0)
  }

  rmSync(filler)
  await until(() => records().length === 43, 'all records', 20_000)
  expect(new Set(records().map(({ id }) => id)).size).toBe(43)
  await answered(`${watched.url}/ready`, (status) => status === 200)
  const later = await metricsOf(watched)
  for (const place of ['file', 'database']) {
    expect(valueIn(later, `msrp_relay_accounting_records_total{place="${place}",result="written"}`)).toBe(43)
  }
})

/** Skips the test where nobody may mount, as ordinary users and some containers. */
function mayMount(context: TestContext): void {
  requires(context, 'unshare')
  const { status, stderr } = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], {
    encoding: 'utf8',
  })
  if (status !== 0) context.skip(`mounting in a namespace is not permitted here (${stderr.trim()}); run as root`)
}
