import { statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeAll, describe, expect, test } from 'vitest'
import { valueIn } from '../packages/relay/test/admin/exposition.ts'
import { type Administered, administeredRelay, answered, type Kept, keptIn, metricsOf } from './support/admin.ts'
import { startMsrp } from './support/process.ts'
import {
  eventsNamed,
  expectExit,
  startReceiver,
  startSender,
  throughRelay,
  underWay,
  until,
} from './support/transfer.ts'

function file(folder: string, size: number): string {
  const path = join(folder, `${size}.bin`)
  writeFileSync(path, Buffer.alloc(size, 'some bytes of a file '))
  return path
}

describe('a relay with an admin port', () => {
  let watched: Administered
  beforeAll(async () => {
    watched = await administeredRelay()
  })

  test('counts and keeps exactly what was sent, in whole files', async () => {
    const { relay, folder } = watched
    const size = 3_000_000
    const before = await metricsOf(watched)
    const receiver = await startReceiver(throughRelay(relay), { args: ['--count', '1'] })
    await expectExit(startSender([file(folder, size)], receiver))
    await expectExit(receiver.program)
    await until(() => keptIn(watched).length === 2, 'records of both sessions')
    const after = await metricsOf(watched)
    const grown = (series: string): number => valueIn(after, series) - valueIn(before, series)
    expect(grown('msrp_relay_body_bytes_total')).toBe(size)
    expect(grown('msrp_relay_sessions_started_total')).toBe(2)
    expect(grown('msrp_relay_sessions_ended_total{reason="disconnected"}')).toBe(2)
    expect(grown('msrp_relay_auth_total{result="ok"}')).toBe(2)
    expect(grown('msrp_relay_auth_total{result="challenged"}')).toBe(2)
    expect(grown('msrp_relay_connections_opened_total{transport="tls",direction="inbound"}')).toBe(2)
    expect(valueIn(after, 'msrp_relay_sessions')).toBe(0)
    // Headers come on top of the bodies.
    for (const direction of ['received', 'sent']) {
      const bytes = grown(`msrp_relay_bytes_total{transport="tls",direction="${direction}"}`)
      expect(bytes).toBeGreaterThan(size)
      expect(bytes).toBeLessThan(size * 1.1)
    }
    const of = (account: string): Kept | undefined => keptIn(watched).find((kept) => kept.account === account)
    expect(of('alice@localhost')).toMatchObject({ sent_bytes: size, sent_messages: 1, received_bytes: 0 })
    expect(of('bob@localhost')).toMatchObject({ received_bytes: size, received_messages: 1, sent_bytes: 0 })
    const database = new DatabaseSync(join(folder, 'sessions.sqlite'), { readOnly: true })
    const rows = database.prepare('SELECT id, account, sent_bytes, received_bytes FROM msrp_sessions').all()
    database.close()
    const lines = keptIn(watched).map(({ id, account, sent_bytes, received_bytes }) => ({
      id,
      account,
      sent_bytes,
      received_bytes,
    }))
    expect(rows).toEqual(lines)
    expect(statSync(join(folder, 'sessions.jsonl')).mode & 0o777).toBe(0o600)
  })

  test('tells how it is, and who is there, for people and programs', async () => {
    const { relay, folder, tokenFile } = watched
    const client = await relay.login(relay.alice)
    const status = startMsrp(['relay', 'status', '--admin', join(folder, 'admin.sock')])
    await expectExit(status)
    expect(status.stdout.text).toMatch(
      /^state +running.*\nusers +can be looked up\nsessions +1\nconnections +tls 1 in, 0 out\n/,
    )
    const sessions = startMsrp(['relay', 'sessions', ...watched.options])
    await expectExit(sessions)
    const [heads, ...rows] = sessions.stdout.lines
    expect(heads).toMatch(/^ID +ACCOUNT +SINCE +FROM +SENT +RECEIVED +PEERS$/)
    expect(rows).toEqual([
      expect.stringMatching(/^\w{8}-\w+ +alice@localhost +0:0\d +tls 127\.0\.0\.1:\d+ +0 B +0 B +-$/),
    ])
    const listed = startMsrp([
      'relay',
      'sessions',
      '--json',
      '--admin',
      join(folder, 'admin.sock'),
      '--token-file',
      tokenFile,
    ])
    await expectExit(listed)
    expect(eventsNamed(listed, 'session')).toMatchObject([{ account: 'alice@localhost', transport: 'tls', peers: [] }])
    expect(listed.stdout.text + sessions.stdout.text).not.toContain(
      client.usePath.at(-1)?.split('/').at(-1)?.slice(0, 8),
    )
    client.destroy()
  })

  test('ends a session in the middle of a transfer, and its sender learns of it', async () => {
    const { relay, folder } = watched
    const receiver = await startReceiver(throughRelay(relay))
    // A receiver that stands still keeps the transfer under way.
    const sender = startSender([file(folder, 40_000_000), '--no-retry'], receiver)
    await underWay(receiver.folder, 1_000_000)
    receiver.program.kill('SIGSTOP')
    const kick = startMsrp(['relay', 'kick', 'alice@localhost', '--json', ...watched.options])
    await expectExit(kick)
    receiver.program.kill('SIGCONT')
    expect(eventsNamed(kick, 'kicked')).toEqual([{ event: 'kicked', target: 'alice@localhost', sessions: 1 }])
    const { code } = await sender.exit()
    expect([code, eventsNamed(sender, 'error').at(-1)?.message]).toEqual([
      expect.toBeOneOf([11, 12]),
      expect.stringMatching(/ended by the operator|481|lost|closed/),
    ])
    await until(() => keptIn(watched).find(({ reason }) => reason === 'kicked'), 'the record of a kicked session')
    expect(keptIn(watched).find(({ reason }) => reason === 'kicked')).toMatchObject({
      account: 'alice@localhost',
      sent_messages: 0,
    })
    const again = startMsrp(['relay', 'kick', 'alice@localhost', ...watched.options])
    expect((await again.exit()).code).toBe(11)
    expect(again.stderr.text).toContain('alice@localhost has no session')
    await receiver.program.stop()
  })

  test('shows what goes over the wire, without what would let anybody in', async () => {
    const { relay } = watched
    const trace = startMsrp(['relay', 'trace', 'bob@localhost', '--seconds', '30', '--json', ...watched.options])
    await answered(`${watched.url}/trace`, (_, { traces }: { traces: unknown[] }) => traces.length > 0)
    const client = await relay.login(relay.bob)
    await trace.stdout.line(/Use-Path/)
    trace.kill('SIGINT')
    expect((await trace.exit()).code).toBe(130)
    const text = trace.stdout.text
    expect(text).toContain('AUTH')
    expect(text).not.toContain(client.usePath[0]!.split('/').at(-1)!.replace(';tcp', ''))
    expect(text).not.toMatch(/response=[\\"]*[0-9a-f]{8}/)
    client.destroy()
  })

  test('whoever comes with a wrong token, or to a port where nobody is, is told so', async () => {
    const wrong = join(watched.folder, 'wrong-token')
    writeFileSync(wrong, 'another token altogether\n', { mode: 0o600 })
    const cases: [options: string[], exitCode: number, words: RegExp][] = [
      [['--admin', watched.url, '--token-file', wrong], 9, /wants its token/],
      [['--admin', '/nonexistent/admin.sock'], 5, /no such socket/],
    ]
    for (const [options, exitCode, words] of cases) {
      const program = startMsrp(['relay', 'sessions', ...options])
      expect([(await program.exit()).code, program.stderr.text]).toEqual([exitCode, expect.stringMatching(words)])
    }
  })

  test('turns away a web page that had its name resolve to this machine', async () => {
    const status = await new Promise((resolve, reject) => {
      const asked = request(`${watched.url}/metrics`, { headers: { Host: 'evil.example.net' } }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      asked.on('error', reject)
      asked.end()
    })
    expect(status).toBe(403)
  })
})
