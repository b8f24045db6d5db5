import { MsrpError } from 'msrp/wire'
import { describe, expect, it } from 'vitest'
import { Network, settle } from '../forwarding/network.ts'
import { AdminNetwork } from './admin.ts'

const farUri = 'msrps://far.example.net:7000/f;tcp'

describe('/ready', () => {
  it.each([
    ['running', 200, { ready: true, users: 'reachable' }],
    ['starting', 503, { ready: false, reason: 'the relay is starting', users: 'reachable' }],
    ['draining', 503, { ready: false, reason: expect.stringContaining('draining'), users: 'reachable' }],
  ] as const)('of a relay that is %s', async (state, status, body) => {
    expect(await new AdminNetwork({ state }).json('GET /ready')).toEqual({ status, body })
  })

  it('tells that users cannot be looked up, which does not make the relay unready', async () => {
    const admin = new AdminNetwork()
    admin.usersDown = true
    expect(await admin.json('GET /ready')).toEqual({ status: 200, body: { ready: true, users: 'unreachable' } })
    admin.usersDown = false
    await admin.network.clock.advance(1000)
    expect((await admin.json('GET /ready')).body.users).toBe('reachable')
  })

  it('does not wait for a database that says nothing, and asks it once a second', async () => {
    let asked = 0
    const admin = new AdminNetwork({
      checkUsers: () => {
        asked++
        return new Promise(() => {})
      },
    })
    const answers = [admin.json('GET /ready'), admin.json('GET /ready')]
    await settle()
    await admin.network.clock.advance(2000)
    expect((await Promise.all(answers)).map(({ body }) => body.users)).toEqual(['unreachable', 'unreachable'])
    expect(asked).toBe(1)
  })
})

it('/health says that the process answers, whatever else is wrong', async () => {
  const admin = new AdminNetwork({ state: 'draining' })
  admin.usersDown = true
  expect(await admin.json('GET /health')).toEqual({ status: 200, body: { status: 'ok' } })
})

it('/status tells of the whole relay', async () => {
  const admin = new AdminNetwork()
  await admin.network.client('alice')
  expect((await admin.json('GET /status')).body).toMatchObject({
    version: '1.2.3',
    state: 'running',
    started: '2026-09-21T14:13:20.000Z',
    users: 'reachable',
    sessions: 1,
    connections: { tls: { inbound: 1, outbound: 0 }, wss: { inbound: 0, outbound: 0 } },
    buffer: { bytes: 0, limit: 1 << 28 },
    certificateExpires: '2027-01-15T08:00:00.000Z',
  })
})

describe('/sessions', () => {
  it('lists who is there, and tells nothing by which anybody could take part', async () => {
    const admin = new AdminNetwork()
    const client = await admin.network.client('alice')
    const far = admin.network.within(farUri)
    far.answers = true
    client.send([client.token, farUri], 'hello')
    await settle()
    const { body } = await admin.json('GET /sessions')
    expect(body).toMatchObject({ next: null, total: 1 })
    expect(body.sessions).toEqual([
      {
        id: expect.stringMatching(/^\w{8}-1$/),
        account: 'alice@example.com',
        domain: 'example.com',
        client: expect.any(String),
        transport: expect.any(String),
        via: null,
        since: expect.stringMatching(/Z$/),
        expires: expect.stringMatching(/Z$/),
        sent: { messages: 1, chunks: 1, bytes: 5 },
        received: { messages: 0, chunks: 0, bytes: 0 },
        peers: [{ host: 'far.example.net', address: expect.any(String) }],
      },
    ])
    const [session] = body.sessions
    expect(Date.parse(session!.expires) - Date.parse(session!.since)).toBe(900_000)
    expect(JSON.stringify(body)).not.toContain(client.usePath[0]?.sessionId)
  })

  it('comes in pages, which sessions that end meanwhile do not shift', async () => {
    const admin = new AdminNetwork()
    const clients = await Promise.all(Array.from({ length: 7 }, () => admin.network.client('alice')))
    await admin.network.client('bob')
    const seen: string[] = []
    let next = ''
    for (let pages = 0; next !== null; pages++) {
      const { body } = await admin.json(`GET /sessions?limit=3&account=alice@example.com${next && `&after=${next}`}`)
      seen.push(...body.sessions.map(({ id }) => id))
      expect(body.sessions.length).toBeLessThanOrEqual(3)
      next = body.next
      // The last of the first page goes away before the second is asked for.
      if (pages === 0) clients[2]!.close()
      await settle()
      expect(pages).toBeLessThan(5)
    }
    expect(new Set(seen).size).toBe(7)
    expect((await admin.json('GET /sessions?domain=example.com')).body.sessions).toHaveLength(7)
    expect((await admin.json('GET /sessions?domain=example.net')).body.sessions).toEqual([])
  })

  it.each(['limit=0', 'limit=1001', 'limit=x', 'limit=-1', 'after=x', 'after=..%2F'])('refuses %s', async (query) => {
    const { status, body } = await new AdminNetwork().json(`GET /sessions?${query}`)
    expect([status, body.error]).toEqual([400, 'invalid-argument'])
  })
})

describe('DELETE /sessions', () => {
  it('ends one by its id, once', async () => {
    const admin = new AdminNetwork()
    const client = await admin.network.client('alice')
    const { id } = (await admin.json('GET /sessions')).body.sessions[0]!
    expect(await admin.json(`DELETE /sessions/${id}`)).toEqual({ status: 200, body: { ended: 1 } })
    await settle()
    expect([admin.network.relay.tokens, client.closed]).toEqual([0, true])
    expect(await admin.json(`DELETE /sessions/${id}`)).toMatchObject({
      status: 404,
      body: { error: 'no-such-session' },
    })
  })

  it('ends all of an account, and those of nobody else', async () => {
    const admin = new AdminNetwork()
    await admin.network.client('alice')
    await admin.network.client('alice')
    const bob = await admin.network.client('bob')
    expect(await admin.json('DELETE /sessions?account=alice@example.com')).toMatchObject({ body: { ended: 2 } })
    await settle()
    expect([admin.network.relay.tokens, bob.closed]).toEqual([1, false])
    expect(await admin.json('DELETE /sessions?account=alice@example.com')).toMatchObject({ body: { ended: 0 } })
  })

  it.each(['', '?account=', '?account=alice', '?acount=alice@example.com'])('does nothing with "%s"', async (query) => {
    const admin = new AdminNetwork()
    await admin.network.client('alice')
    expect(await admin.json(`DELETE /sessions${query}`)).toMatchObject({
      status: 400,
      body: { error: 'invalid-argument' },
    })
    expect(admin.network.relay.tokens).toBe(1)
  })
})

describe('/reload and /drain', () => {
  it('call what was handed in', async () => {
    const called: string[] = []
    const admin = new AdminNetwork({
      reload: async () => {
        called.push('reload')
        return ['state_folder']
      },
      drain: () => void called.push('drain'),
    })
    expect(await admin.json('POST /reload')).toEqual({ status: 200, body: { reloaded: true, later: ['state_folder'] } })
    expect(await admin.json('POST /drain')).toEqual({ status: 202, body: { draining: true } })
    expect(called).toEqual(['reload', 'drain'])
  })

  it('tell why not', async () => {
    const reload = async (): Promise<never> => {
      throw new MsrpError('invalid-argument', 'relay.toml: limits.connections must be a whole number')
    }
    expect(await new AdminNetwork({ reload }).json('POST /reload')).toEqual({
      status: 422,
      body: {
        error: 'invalid-configuration',
        message: 'relay.toml: limits.connections must be a whole number; everything stays as it was',
      },
    })
    expect((await new AdminNetwork({ reload, state: 'starting' }).json('POST /reload')).status).toBe(503)
    expect((await new AdminNetwork().json('POST /reload')).status).toBe(501)
    expect((await new AdminNetwork().json('POST /drain')).status).toBe(501)
  })
})

it('what a relay counts is not touched by who looks at it', async () => {
  const network = new Network()
  const admin = new AdminNetwork({}, { network })
  await network.client('alice')
  const before = JSON.stringify(network.relay.counters)
  for (const call of ['/metrics', '/metrics', '/sessions', '/status', '/ready']) await admin.call(`GET ${call}`)
  expect(JSON.stringify(network.relay.counters)).toBe(before)
})
