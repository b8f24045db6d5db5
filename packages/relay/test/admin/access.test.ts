import { describe, expect, it } from 'vitest'
import { AdminNetwork, TOKEN } from './admin.ts'

const secretCalls = [
  'GET /sessions',
  'DELETE /sessions/x-1',
  'DELETE /sessions?account=alice@example.com',
  'GET /trace',
  'GET /trace/x-1',
  'PUT /trace/x-1',
  'DELETE /trace/x-1',
  'POST /reload',
  'POST /drain',
]

describe.each(secretCalls)('%s', (call) => {
  it.each([
    ['no token', {}],
    ['another token', { authorization: `Bearer ${TOKEN}x` }],
    ['a part of the token', { authorization: `Bearer ${TOKEN.slice(1)}` }],
    ['an empty token', { authorization: 'Bearer ' }],
    ['the token in another scheme', { authorization: `Basic ${TOKEN}` }],
  ])('with %s is refused, and nothing happens', async (_, headers: Record<string, string>) => {
    let called = 0
    const admin = new AdminNetwork({ reload: async () => [`${called++}`], drain: () => called++ })
    await admin.network.client('alice')
    const response = await admin.call(call, headers)
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(await response.json()).toEqual({
      error: 'unauthorized',
      message: expect.stringContaining('admin.token'),
    })
    expect([called, admin.network.relay.tokens]).toEqual([0, 1])
  })

  it('does not exist without a token in the configuration', async () => {
    const admin = new AdminNetwork({}, { token: undefined })
    for (const authorization of ['', 'Bearer ', 'Bearer undefined', `Bearer ${TOKEN}`]) {
      const response = await admin.call(call, { authorization })
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ error: 'not-found' })
    }
  })
})

describe('a call', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:9100',
    '[::1]:9100',
    'localhost:9100',
    'LOCALHOST',
    'admin.example.com:9100',
    '192.0.2.1',
  ])('to the host %s is answered', async (host) => {
    expect((await new AdminNetwork().call('GET /health', { host })).status).toBe(200)
  })

  it.each([
    'evil.example.net',
    'evil.example.net:9100',
    'localhost.evil.example.net',
    '127.0.0.1.example.net',
    '',
    '127.0.0.1:9:9',
  ])('to the host "%s", which a web page may have made to resolve to this machine, is refused', async (host) => {
    for (const call of ['GET /health', 'GET /metrics', 'POST /reload']) {
      const response = await new AdminNetwork().call(call, { host, authorization: `Bearer ${TOKEN}` })
      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject({ error: 'forbidden' })
    }
  })

  it('from a web page is refused, and no page is told that it may read the answer', async () => {
    const admin = new AdminNetwork()
    const response = await admin.call('GET /metrics', { origin: 'https://evil.example.net' })
    expect(response.status).toBe(403)
    for (const call of ['GET /metrics', 'OPTIONS /sessions', 'GET /sessions']) {
      const { headers } = await admin.call(call)
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })

  it('that is none is answered in JSON', async () => {
    const { status, body } = await new AdminNetwork().json('GET /nothing')
    expect([status, body]).toEqual([404, { error: 'not-found', message: 'there is no call GET /nothing' }])
  })
})

it('over the unix socket Host may say anything', async () => {
  const request = new Request('http://anything/health', { headers: { host: 'anything' } })
  const { app } = new AdminNetwork()
  expect([(await app.fetch(request, true)).status, (await app.fetch(request, false)).status]).toEqual([200, 403])
})

it('/metrics and /status want the token where the configuration says so; /health and /ready never do', async () => {
  const admin = new AdminNetwork({}, { protectMetrics: true })
  const status = async (call: string): Promise<number> => (await admin.call(call, {})).status
  expect(await Promise.all(['GET /metrics', 'GET /status', 'GET /health', 'GET /ready'].map(status))).toEqual([
    401, 401, 200, 200,
  ])
  expect((await admin.call('GET /metrics')).status).toBe(200)
})
