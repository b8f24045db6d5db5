import { createEphemeralCredentials } from 'msrp-relay'
import { beforeAll, describe, expect, test } from 'vitest'
import { startRelay, type TestRelay } from './support/relay.ts'

// A relay whose users have no accounts: somebody who shares a secret with it hands out credentials.

const SECRETS = ['the new secret of the test', 'the old secret of the test']

let relay: TestRelay

beforeAll(async () => {
  relay = await startRelay({
    lifetime: 'file',
    settings: {
      digest: { algorithms: ['SHA-256', 'MD5'] },
      ephemeral_credentials: { secrets: SECRETS },
    },
  })
})

const made = (options: { secret?: string; user?: string; ttl?: number; hash?: 'sha1' | 'sha256'; now?: number } = {}) =>
  createEphemeralCredentials({ secret: SECRETS[0]!, user: 'webuser', ttl: 600, ...options })

async function statusOf(user: { username: string; password: string }): Promise<number> {
  const client = await relay.connect()
  const { head } = await client.authenticate(user, { toPath: [relay.uri] })
  return head.status
}

describe('a relay that shares a secret lets in', () => {
  test('who brings credentials made with it, with either hash, and with the secret before it', async () => {
    expect(await statusOf(made())).toBe(200)
    expect(await statusOf(made({ hash: 'sha256' }))).toBe(200)
    expect(await statusOf(made({ secret: SECRETS[1]! }))).toBe(200)
    expect(await statusOf(made({ user: undefined }))).toBe(200)
  })

  test('those who have accounts as well', async () => {
    expect(await statusOf(relay.alice)).toBe(200)
  })

  test('nobody else', async () => {
    expect(await statusOf(made({ now: Date.now() - 700_000 }))).toBe(401)
    expect(await statusOf(made({ ttl: 100_000 }))).toBe(401)
    expect(await statusOf(made({ secret: 'another secret altogether' }))).toBe(401)
    expect(await statusOf({ ...made(), password: made({ user: 'other' }).password })).toBe(401)
    expect(await statusOf({ ...made(), username: made({ user: 'other' }).username })).toBe(401)
  })

  test('who has later credentials of the same user, and nobody else, extend a session', async () => {
    const client = await relay.connect()
    const first = await client.authenticate(made(), { toPath: [relay.uri] })
    expect(first.head.status).toBe(200)
    const toPath = [client.token]
    expect((await client.authenticate(made({ user: 'other' }), { toPath })).head.status).toBe(481)
    const { head } = await client.authenticate(made({ ttl: 900 }), { toPath })
    expect(head.status).toBe(200)
    expect(head.fields.get('Use-Path')).toBe(toPath[0])
  })
})
