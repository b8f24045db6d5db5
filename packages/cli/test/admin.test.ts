import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { Command } from 'commander'
import type { ListedSession } from 'msrp-relay'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AdminClient } from '../src/admin/admin-client.ts'
import { SessionTable } from '../src/admin/session-table.ts'
import { readAdminPlace } from '../src/options/admin.ts'

const traffic = (bytes: number) => ({ messages: 1, chunks: 1, bytes })

function session(changes: Partial<ListedSession> = {}): ListedSession {
  return {
    id: 't575fka6-1',
    account: 'bob@example.com',
    domain: 'example.com',
    client: 'tls 192.0.2.9:58212',
    transport: 'tls',
    via: null,
    since: '2026-11-21T21:00:00.000Z',
    expires: '2026-11-21T22:00:00.000Z',
    sent: traffic(0),
    received: traffic(20_000_000),
    peers: [{ host: 'a.invalid', address: 'tls 192.0.2.7:58226' }],
    ...changes,
  }
}

describe('sessions are listed', () => {
  const now = Date.parse('2026-11-21T21:10:07.000Z')

  test('in columns, numbers to the right; pages after the first keep them', () => {
    const table = new SessionTable(now)
    const peers = [...session().peers, { host: 'b.invalid', address: 'tls 192.0.2.8:1' }]
    expect(
      table.lines([session(), session({ id: 't575fka6-zz', account: 'al@example.com', peers, sent: traffic(7) })]),
    ).toEqual([
      'ID           ACCOUNT          SINCE  FROM                 SENT  RECEIVED  PEERS',
      't575fka6-1   bob@example.com  10:07  tls 192.0.2.9:58212   0 B   20.0 MB  tls 192.0.2.7:58226',
      't575fka6-zz  al@example.com   10:07  tls 192.0.2.9:58212   7 B   20.0 MB  tls 192.0.2.7:58226 and 1 more',
    ])
    expect(table.lines([session({ peers: [] })])).toEqual([
      't575fka6-1   bob@example.com  10:07  tls 192.0.2.9:58212   0 B   20.0 MB  -',
    ])
  })

  test('so that a name cannot act on the terminal', () => {
    const [, line] = new SessionTable(now).lines([session({ account: '\x1b[2Jbob@example.com' })])
    expect(line).toContain('\\x1b[2Jbob@example.com')
  })
})

describe('an admin port is named', () => {
  test.each([
    ['127.0.0.1:9855', { host: '127.0.0.1', port: 9855 }],
    ['9855', { host: '127.0.0.1', port: 9855 }],
    ['[::1]:9855', { host: '::1', port: 9855 }],
    ['relay.example.com:80', { host: 'relay.example.com', port: 80 }],
    ['http://127.0.0.1:9855/', { host: '127.0.0.1', port: 9855 }],
    ['/run/msrp-relay/admin.sock', { socketPath: '/run/msrp-relay/admin.sock' }],
    ['./admin.sock', { socketPath: resolve('admin.sock') }],
  ])('by %s', (text, place) => expect(readAdminPlace(text)).toEqual(place))

  test.each(['here', '0', '127.0.0.1:70000', '127.0.0.1', ':::', 'https://127.0.0.1:1', ''])(
    'but not by "%s"',
    (text) => {
      expect(() => {
        const place = readAdminPlace(text)
        // What has a slash is the path of a socket.
        if ('socketPath' in place) throw new Error('a socket')
      }).toThrow()
    },
  )
})

describe('an admin client', () => {
  async function client(status: number, body: string, token?: string): Promise<AdminClient> {
    const server = createServer((_, response) => response.writeHead(status).end(body))
    onTestFinished(() => void server.close())
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const { port } = server.address() as AddressInfo
    return new AdminClient({ host: '127.0.0.1', port }, token, new AbortController().signal)
  }

  test.each([
    [401, '{"error":"unauthorized","message":"x"}', 'unauthorized', /wants its token/],
    [404, '{"error":"no-such-session","message":"there is no \\u001bsession"}', 'refused', /there is no \\x1bsession$/],
    [500, '{}', 'refused', /answers 500/],
    [200, '<html>', 'refused', /not JSON; is it a relay's admin port/],
  ])('makes of the answer %d %s the error %s', async (status, body, code, message) => {
    const failing = await client(status, body)
    await expect(failing.call('GET', '/status')).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
    await expect(failing.lines('GET', '/trace').next()).rejects.toMatchObject({ code })
  })

  test('gives lines as they come, wherever they were cut', async () => {
    const server = createServer(async (_, response) => {
      for (const piece of ['{"a":', '1}\n{"a"', ':2}\n']) {
        response.write(piece)
        await new Promise((written) => setImmediate(written))
      }
      response.end()
    })
    onTestFinished(() => void server.close())
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const { port } = server.address() as AddressInfo
    const lines: unknown[] = []
    const asking = new AdminClient({ host: '127.0.0.1', port }, undefined, new AbortController().signal)
    for await (const line of asking.lines('GET', '/')) lines.push(line)
    expect(lines).toEqual([{ a: 1 }, { a: 2 }])
  })

  test('ends when it is stopped', async () => {
    const server = createServer(() => {})
    onTestFinished(() => void server.close())
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const { port } = server.address() as AddressInfo
    const controller = new AbortController()
    const asking = new AdminClient({ host: '127.0.0.1', port }, undefined, controller.signal)
    const reason = new Error('stopped')
    server.once('request', () => controller.abort(reason))
    await expect(asking.call('GET', '/status')).rejects.toBe(reason)
    server.closeAllConnections()
  })
})

test('options of the admin port are those of every command that needs it', async () => {
  const { adminCommands } = await import('../src/commands/relay-admin.ts')
  const commands = adminCommands({} as never)
  expect(commands.map((command) => command.name())).toEqual(['status', 'sessions', 'kick', 'trace', 'reload', 'drain'])
  for (const command of commands) {
    expect(command).toBeInstanceOf(Command)
    const flags = command.options.map(({ long }) => long)
    expect(flags).toEqual(expect.arrayContaining(['--config', '--admin', '--token-file', '--json']))
  }
})
