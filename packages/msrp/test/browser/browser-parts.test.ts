import { describe, expect, test, vi } from 'vitest'
import { browserHash } from '../../src/browser/browser-crypto.ts'
import type { browserPlatform as BrowserPlatform } from '../../src/browser/browser-platform.ts'
import { prepare } from '../../src/browser/index.ts'
import { nodeHash } from '../../src/node/index.ts'
import type { MsrpError } from '../../src/wire/index.ts'
import { systemRandom } from '../../src/wire/system-random.ts'

type Then<T> = (platform: typeof BrowserPlatform) => Promise<T>

/** Has an import go as it may where there is a network: there is no other way to have one fail here. */
async function importing<T>(file: string, outcome: () => Promise<never>, then: Then<T>): Promise<T> {
  const path = `../../src/${file}`
  vi.resetModules()
  const { browserPlatform } = await import('../../src/browser/browser-platform.ts')
  vi.doMock(path, outcome)
  vi.resetModules()
  try {
    return await then(browserPlatform)
  } finally {
    vi.doUnmock(path)
    vi.resetModules()
  }
}

/** What only a page that is older than its server's files sees. */
function without<T>(file: string, then: Then<T>): Promise<T> {
  const fail = async (): Promise<never> => {
    throw new TypeError('Failed to fetch dynamically imported module')
  }
  return importing(file, fail, then)
}

/** A network that is gone without anybody being told. `pass` lets time pass. */
function hanging<T>(file: string, then: (platform: typeof BrowserPlatform, pass: () => Promise<void>) => Promise<T>) {
  const never = (): Promise<never> => new Promise(() => {})
  return importing(file, never, async (platform) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      return await then(platform, async () => void (await vi.advanceTimersByTimeAsync(20_000)))
    } finally {
      vi.useRealTimers()
    }
  })
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

  describe('where nothing comes of what is loaded,', () => {
    const late = { ...notLoaded, message: expect.stringContaining('20 s') }

    test('it is given up after 20 s, each time', async () => {
      await hanging('session/asked-options.ts', async ({ parts }, pass) => {
        for (const part of [parts.options(), parts.options()]) {
          const failed = expect(part).rejects.toMatchObject(late)
          await pass()
          await failed
        }
        const again = expect(parts.options()).rejects.toMatchObject(late)
        await pass()
        await again
      })
    })

    test('a message that has to become large fails, and the connection goes on', async () => {
      await hanging('session/incoming-body.ts', async ({ openBody, clock }, pass) => {
        const pauses = new Set<object>()
        const failures: MsrpError[] = []
        const body = openBody({
          shared: {
            clock,
            spoolAfter: 2_000,
            window: 100_000,
            spool: undefined,
            pause: (reason) => pauses.add(reason),
            resume: (reason) => pauses.delete(reason),
            memory: () => {},
          },
          grown: () => {},
          progress: () => {},
          failed: (error) => failures.push(error),
        })
        body.write(10, new Uint8Array(10))
        expect([pauses.size, failures]).toEqual([1, []])
        await pass()
        expect(failures).toMatchObject([late])
        expect(pauses.size).toBe(0)
      })
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
