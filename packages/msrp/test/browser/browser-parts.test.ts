import { describe, expect, test, vi } from 'vitest'
import { browserHash } from '../../src/browser/browser-crypto.ts'
import type { browserPlatform as BrowserPlatform } from '../../src/browser/browser-platform.ts'
import { prepare } from '../../src/browser/index.ts'
import { nodeHash } from '../../src/node/index.ts'
import { systemRandom } from '../../src/wire/system-random.ts'

/** What only a page that is older than its server's files sees: there is no other way to have an import fail here. */
async function without<T>(file: string, then: (platform: typeof BrowserPlatform) => Promise<T>): Promise<T> {
  const path = `../../src/${file}`
  vi.resetModules()
  vi.doMock(path, () => {
    throw new TypeError('Failed to fetch dynamically imported module')
  })
  try {
    return await then((await import('../../src/browser/browser-platform.ts')).browserPlatform)
  } finally {
    vi.doUnmock(path)
    vi.resetModules()
  }
}

describe('in a browser', () => {
  const notLoaded = { name: 'MsrpError', code: 'internal', message: expect.stringContaining('could not be loaded') }

  test('that cannot load SHA-256, the error is internal', async () => {
    await without('browser/sha-256.ts', async ({ hash }) => {
      await expect(hash.load?.('sha-256')).rejects.toMatchObject(notLoaded)
    })
  })

  test('that cannot load what bodies need which outlive their session, the error is internal', async () => {
    await without('session/incoming-body.ts', async ({ loadBodies }) => {
      await expect(loadBodies?.()).rejects.toMatchObject(notLoaded)
    })
  })

  test.each(['md5', 'sha-256'] as const)(
    '%s is what Node has it, once loaded, for a text of any length',
    async (algorithm) => {
      await browserHash.load?.(algorithm)
      const texts = ['alice:example.com:secret', 'Grüße 🙂', 'x'.repeat(1000)]
      for (let length = 0; length < 200; length++) texts.push('Ü1'.repeat(length))
      expect(texts.map((text) => browserHash(algorithm, text))).toEqual(texts.map((text) => nodeHash(algorithm, text)))
    },
  )

  test('random bytes are as many as wanted, and others each time', () => {
    expect(systemRandom(16)).toHaveLength(16)
    expect(systemRandom(16)).not.toEqual(systemRandom(16))
  })

  test('a relay that is no WebSocket cannot be connected to, and the error says what to give instead (RFC7977-5.1-1)', async () => {
    const relay = { uri: 'msrps://relay.example.com:2855;tcp', username: 'alice', password: 'x' }
    await expect(prepare({ relay })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/wss:\/\/relay\.example\.com\/msrp/),
    })
  })

  test('ws: leads nowhere but to this machine (RFC7977-5.1-2, RFC7977-9-1)', async () => {
    const relay = { uri: 'ws://relay.example.com/', username: 'alice', password: 'x' }
    await expect(prepare({ relay })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/has to be wss/),
    })
  })

  test('nobody can connect to it', async () => {
    const relayless = { listen: {} } as unknown as Parameters<typeof prepare>[0]
    await expect(prepare(relayless)).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  test('where nothing listens, the error tells what it may be, since the browser does not', async () => {
    const relay = { uri: 'ws://127.0.0.1:1/', username: 'alice', password: 'x' }
    await expect(prepare({ relay })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/origin/),
    })
  })
})
