import { mkdtemp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import {
  type FileTarget,
  type OfferedFile,
  type ReceiveTransfer,
  receiveFile,
  selectorOf,
  sendFile,
  withHashes,
} from '../../src/file/index.ts'
import { VerifyingSink } from '../../src/file/verifying-sink.ts'
import { Endpoint } from '../../src/index.ts'
import { FileStore, fileHash } from '../../src/node/index.ts'
import { ResumingSession } from '../../src/resuming/index.ts'
import type { Session } from '../../src/session/api.ts'
import { temporaryFolder } from '../node/temporary-folder.ts'
import { type RawPeer, settled } from '../session/raw-peer.ts'
import { failure, pattern, waiting } from '../session/stage.ts'
import { Call } from './call.ts'
import { MemoryTarget } from './memory-target.ts'

const MIB = 1024 * 1024
const root = temporaryFolder()
const endpoints: Endpoint[] = []
afterEach(async () => {
  for (const endpoint of endpoints.splice(0)) await endpoint.close()
})

describe('how much of a file is stored', () => {
  test.each([1, 5, 11])(
    'when its transfer breaks behind %s MiB, is what the next one can go on from',
    async (until) => {
      const store = new FileStore(await mkdtemp(join(root.path, 'store-')), { sync: true })
      const bytes = pattern(24 * MIB)
      const file = await withHashes({ body: bytes, name: 'a.bin' }, { createHash: fileHash })
      const selector = selectorOf(file)
      const [near, far] = [new Endpoint(), new Endpoint()]
      endpoints.push(near, far)
      const prepared = await far.prepare({ listen: { host: '127.0.0.1', port: 0 }, remotePath: 'first' })
      const sender = await near.connect({ path: prepared.localPath })
      const receiver = (await prepared.sessions().next()).value!
      const seen: number[] = []
      const arrived = Promise.withResolvers<void>()
      const received = receiveFile(receiver, await store.open(selector), {
        selector,
        createHash: fileHash,
        onProgress: ({ bytes, confirmed }) => {
          expect(confirmed).toBe(bytes)
          seen.push(bytes)
          if (bytes >= until * MIB) arrived.resolve()
        },
      })
      sendFile(sender, file)
      await arrived.promise
      await near.close()
      await failure(received)
      expect(seen).toEqual(seen.toSorted((one, other) => one - other))
      expect(seen.at(-1)).toBeLessThan(bytes.length)
      expect(seen.at(-1)).toBeLessThanOrEqual(await store.stored(selector))
    },
  )

  test('counts no byte behind a gap, nor one that is on its way', async () => {
    const written: (() => void)[] = []
    const target = new MemoryTarget()
    target.write = () => new Promise((resolve) => written.push(resolve))
    const expected = { start: 0, end: 40, size: 40, hashes: [], maxSize: 40 }
    const sink = await VerifyingSink.open(target, expected, { createHash: fileHash })
    const seen: number[] = []
    sink.onProgress = (bytes) => seen.push(bytes)
    const writes = [10, 0, 20, 30].map((position) => sink.write(position, pattern(10)))
    for (const index of [0, 3, 1, 2]) {
      written[index]?.()
      await writes[index]
    }
    expect(seen).toEqual([0, 0, 20, 40])
  })

  test('is what goes on in the next session, when the connection breaks while a gap is being noted', async () => {
    const folder = await mkdtemp(join(root.path, 'store-'))
    const bytes = pattern(3000)
    const selector = selectorOf(await withHashes({ body: bytes, name: 'a.bin' }, { createHash: fileHash }))
    const { platform, prepared, arrive } = await waiting({}, { resumeFor: 600_000 })
    const { clock, random } = platform
    const sessions = prepared.sessions()
    const next = async (): Promise<Session> => (await sessions.next()).value as Session
    const session = new ResumingSession({ clock, random, next })
    const part = (from: RawPeer, start: number, end: number, flag: '+' | '$'): void => {
      const range = `${start + 1}-*/${bytes.length}`
      from.send({ messageId: 'the-file', body: bytes.subarray(start, end), range, flag })
    }
    const file = await new FileStore(folder).open(selector)
    const peer = arrive()
    const lost = Promise.withResolvers<void>()
    const target: FileTarget = {
      write: (position, written) => {
        const storing = file.write(position, written)
        if (position === 2000) {
          peer.transport.destroy()
          lost.resolve()
        }
        return storing
      },
      read: (position, length) => file.read(position, length),
      finish: (size, facts) => file.finish(size, facts),
      suspend: () => file.suspend(),
      discard: () => file.discard(),
    }
    const received = receiveFile(session, target, { selector, createHash: fileHash, clock })
    await peer.response(peer.send())
    part(peer, 0, 1000, '+')
    await settled()
    part(peer, 2000, 2500, '+')
    await lost.promise
    // After a while it wants another connection.
    await clock.advance(2_000)
    const again = arrive()
    await again.response(again.send())
    part(again, 1000, 2000, '+')
    part(again, 2500, 3000, '$')
    expect(await received).toMatchObject({ complete: true, size: 3000 })
    expect(await readdir(folder)).toEqual(['a.bin'])
    await session.close()
  })

  test('is there for the next transfer when one that came to no session is over', async () => {
    const store = new FileStore(await mkdtemp(join(root.path, 'store-')))
    const file = await withHashes({ body: pattern(1000), name: 'a.bin' }, { createHash: fileHash })
    const selector = selectorOf(file)
    const begun = await store.open(selector)
    await begun.write(0, pattern(400))
    await begun.suspend()
    const call = new Call()
    onTestFinished(() => call.close())
    const { bob } = call
    const receiving = bob.files.request(bob.negotiation, selector, await store.open(selector))
    receiving.suspend()
    expect(await failure(receiving.done)).toMatchObject({ code: 'aborted' })
    expect(await store.stored(selector)).toBe(400)
  })

  test.each<[string, (offer: OfferedFile, open: () => Promise<FileTarget>) => Promise<unknown>]>([
    ['begins behind it', async (offer, open) => offer.take(await open())],
    ['is too large', async (offer, open) => offer.take(await open(), { maxSize: 999 })],
    [
      'is refused after it was taken',
      async (offer, open) => {
        offer.take(await open())
        offer.refuse()
      },
    ],
    [
      'is taken twice',
      async (offer, open) => {
        offer.take(new MemoryTarget({ stored: pattern(400) }))
        offer.take(await open())
      },
    ],
  ])('is there for the next offer as soon as one is answered that %s', async (why, take) => {
    const folder = await mkdtemp(join(root.path, 'store-'))
    const store = new FileStore(folder)
    const file = await withHashes({ body: pattern(1000), name: 'a.bin' }, { createHash: fileHash })
    const begun = await store.open(selectorOf(file))
    await begun.write(0, pattern(400))
    await begun.suspend()
    const kept = await readdir(folder)
    let next: ReceiveTransfer | undefined
    let offers = 0
    const onOffered = async (offer: OfferedFile): Promise<void> => {
      const open = (): Promise<FileTarget> => store.open(offer.selector)
      if (++offers === 1) await take(offer, open)
      else next = offer.take(await open())
    }
    const call = new Call({ bob: { onOffered, onError: () => {} } })
    onTestFinished(() => call.close())
    const { alice } = call
    const start = why === 'begins behind it' ? 402 : 401
    const refused = await alice.files.offer(alice.negotiation, file, { range: { start } })
    await call.exchange()
    expect(await failure(refused.done)).toMatchObject({ code: 'not-acceptable' })
    expect(await readdir(folder)).toEqual(kept)
    await alice.files.offer(alice.negotiation, file, { range: { start: 401 } })
    await call.exchange()
    expect(await next?.done).toMatchObject({ complete: true, size: 1000 })
    expect(await readdir(folder)).toEqual(['a.bin'])
  })

  test('is there for the next transfer when a file cannot be asked for', async () => {
    const call = new Call()
    onTestFinished(() => call.close())
    const { files, negotiation } = call.alice
    const target = new MemoryTarget({ stored: pattern(400) })
    const hashes = [{ algorithm: 'sha-256', digest: '0'.repeat(64) }]
    expect(() => files.request(negotiation, { hashes }, target)).toThrow(/sha-1/)
    await settled()
    expect([target.state, files.active.size]).toEqual(['suspended', 0])
  })
})
