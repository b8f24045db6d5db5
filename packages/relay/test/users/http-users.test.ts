import { expect, onTestFinished, test } from 'vitest'
import { createAuthority, issueCertificate } from '../../src/certificates/index.ts'
import { HttpUsers, type HttpUsersOptions } from '../../src/users/http-users.ts'
import { type Answering, WebService } from './web-service.ts'

const HA1 = 'A'.repeat(32)
const knows: Answering = () => ({ status: 200, body: JSON.stringify({ ha1: HA1, more: 'of no interest' }) })

async function stage(
  answering: Answering,
  options: Partial<HttpUsersOptions> = {},
  tls?: { cert: string; key: string },
) {
  const service = await WebService.start(answering, tls)
  const users = new HttpUsers({ url: service.url, allowHttp: false, timeout: 5, connections: 4, ...options })
  onTestFinished(async () => {
    await users.close()
    await service[Symbol.asyncDispose]()
  })
  return { service, users, ask: () => users.ha1('alice', 'example.com', 'md5') }
}

test('is asked with POST and JSON, and shown the token', async () => {
  const { service, users, ask } = await stage(knows, { token: 't0ken' })
  expect(await ask()).toBe(HA1.toLowerCase())
  await users.ha1('bob', 'example.net', 'sha-256').catch(() => {})
  expect(service.asked).toEqual([
    {
      method: 'POST',
      authorization: 'Bearer t0ken',
      contentType: 'application/json',
      body: { username: 'alice', realm: 'example.com', algorithm: 'MD5' },
    },
    expect.objectContaining({ body: { username: 'bob', realm: 'example.net', algorithm: 'SHA-256' } }),
  ])
})

test('that answers 404 does not know the user', async () => {
  const { ask } = await stage(() => ({ status: 404, body: 'whatever' }))
  expect(await ask()).toBeUndefined()
})

test.each([
  [500, undefined],
  [503, JSON.stringify({ ha1: HA1 })],
  [401, undefined],
  [403, undefined],
  [204, undefined],
  [301, undefined],
  [200, undefined],
  [200, ''],
  [200, 'no JSON'],
  [200, 'null'],
  [200, '[]'],
  [200, '{}'],
  [200, JSON.stringify({ ha1: null })],
  [200, JSON.stringify({ ha1: '' })],
  [200, JSON.stringify({ ha1: 'x'.repeat(32) })],
  [200, JSON.stringify({ ha1: 'a'.repeat(64) })],
  [200, JSON.stringify({ ha1: HA1, more: 'x'.repeat(20_000) })],
])('that answers %i with %j has failed, which never means access', async (status, body) => {
  const { ask } = await stage(() => ({ status, body }))
  await expect(ask()).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining('/users') })
})

test('that does not answer in time has failed', async () => {
  const { ask } = await stage(() => 'silence', { timeout: 0.2 })
  await expect(ask()).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('within 0.2 s') })
})

test('that breaks off has failed; the next question is asked again', async () => {
  const { service, ask } = await stage(() => 'break')
  await expect(ask()).rejects.toMatchObject({ code: 'unreachable' })
  service.answering = knows
  expect(await ask()).toBe(HA1.toLowerCase())
})

test('that closed an idle connection is asked over another one, without a failure', async () => {
  const { service, ask } = await stage(knows)
  await ask()
  let broken = false
  service.answering = (asked) => {
    if (broken) return knows(asked)
    broken = true
    return 'break'
  }
  expect(await ask()).toBe(HA1.toLowerCase())
})

test('that is not there is told with its place', async () => {
  const { service, ask } = await stage(knows)
  await service[Symbol.asyncDispose]().catch(() => {})
  await expect(ask()).rejects.toMatchObject({ code: 'unreachable', message: expect.stringContaining('ECONNREFUSED') })
})

test('over https has to have a certificate of a known authority for its name', async () => {
  const ca = await createAuthority()
  const tls = async (name: string) => {
    const { certificate, key } = await issueCertificate({ names: [name], ca })
    return { cert: certificate, key }
  }
  const good = await stage(knows, { ca: ca.certificate }, await tls('localhost'))
  expect(await good.ask()).toBe(HA1.toLowerCase())
  const unknown = await stage(knows, {}, await tls('localhost'))
  await expect(unknown.ask()).rejects.toMatchObject({ code: 'unreachable' })
  const misnamed = await stage(knows, { ca: ca.certificate }, await tls('elsewhere.example'))
  await expect(misnamed.ask()).rejects.toMatchObject({ code: 'unreachable' })
})

test.each([
  ['http://accounts.example.com/', /http: to another machine/],
  ['http://192.0.2.1/', /http: to another machine/],
  ['https://user:password@accounts.example.com/', /token instead/],
  ['ftp://accounts.example.com/', /is not a URL/],
  ['accounts', /is not a URL/],
])('cannot be at %s', (url, expected) => {
  const open = () => new HttpUsers({ url, allowHttp: false, timeout: 1, connections: 1 })
  expect(open).toThrow(expected)
  expect(open).not.toThrow(/user:password/)
})

test.each(['http://127.0.0.1:1/', 'http://[::1]:1/', 'http://localhost/', 'https://accounts.example.com/'])(
  'may be at %s',
  async (url) => {
    await new HttpUsers({ url, allowHttp: false, timeout: 1, connections: 1 }).close()
  },
)
