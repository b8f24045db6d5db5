import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readIntoSharedMemory } from '../../src/node/shared-memory-reads.ts'
import { SocketWriter } from '../../src/node/socket-writer.ts'
import { giveBlock, LARGEST_BLOCK, takeBlock } from '../../src/node/write-blocks.ts'

const SMALLEST_BLOCK = takeBlock(1).bytes.length

const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

async function pair(): Promise<[Socket, Socket]> {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [far] = (await once(server, 'connection')) as [Socket]
  server.close()
  sockets.push(near, far)
  return [near, far]
}

describe('reading', () => {
  it('uses the same memory for every read and every socket, and this version of Node lets it', async () => {
    const memories = new Set<ArrayBufferLike>()
    for (let count = 0; count < 2; count++) {
      const [near, far] = await pair()
      const texts: string[] = []
      const onData = (bytes: Uint8Array): void => {
        memories.add(bytes.buffer)
        texts.push(Buffer.from(bytes).toString())
      }
      expect(readIntoSharedMemory(near, onData)).toBe(true)
      near.resume()
      for (const text of ['one', 'two']) {
        far.write(text)
        while (texts.at(-1) !== text) await new Promise((resolve) => setImmediate(resolve))
      }
      expect(texts).toEqual(['one', 'two'])
    }
    expect(memories.size).toBe(1)
  })
})

describe('writing', () => {
  it('copies what it is given, so that the caller may use its memory again', async () => {
    const [near, far] = await pair()
    const writer = new SocketWriter(near, () => {})
    const received: Buffer[] = []
    far.on('data', (bytes) => received.push(Buffer.from(bytes)))
    const scratch = new Uint8Array(1000)
    for (let count = 0; count < 50; count++) writer.write(scratch.fill(count))
    writer.end(() => {})
    far.resume()
    await once(far, 'end')
    const all = Buffer.concat(received)
    expect(all.length).toBe(50_000)
    for (let count = 0; count < 50; count++)
      expect(new Set(all.subarray(count * 1000, (count + 1) * 1000))).toEqual(new Set([count]))
  })

  it.each([
    ['a small piece after a small one', [100, 100]],
    ['more than a small block holds', [SMALLEST_BLOCK - 1, 2]],
    ['exactly a small block', [SMALLEST_BLOCK, 1]],
    ['a large piece after a small one', [10, LARGEST_BLOCK]],
    ['a piece that fills a large block, and a byte', [LARGEST_BLOCK, 1]],
    ['several large blocks at once', [3 * LARGEST_BLOCK + 17]],
    ['nothing between pieces', [5, 0, 5]],
  ])('keeps the order of bytes: %s', async (_, sizes) => {
    const [near, far] = await pair()
    const writer = new SocketWriter(near, () => {})
    const pieces = sizes.map((size, index) => new Uint8Array(size).map((_, at) => (at * 31 + index * 7) & 255))
    for (const piece of pieces) writer.write(piece)
    expect(writer.buffered).toBe(sizes.reduce((sum, size) => sum + size, 0))
    writer.end(() => {})
    const received: Buffer[] = []
    far.on('data', (bytes) => received.push(Buffer.from(bytes)))
    far.resume()
    await once(far, 'end')
    expect(Buffer.concat(received).equals(Buffer.concat(pieces))).toBe(true)
    expect(writer.buffered).toBe(0)
  })

  it('throws away what it has not handed over, when it is told to', async () => {
    const [near] = await pair()
    const writer = new SocketWriter(near, () => {})
    writer.write(new Uint8Array(500_000))
    writer.forget()
    expect(writer.buffered).toBe(0)
  })
})

describe('blocks', () => {
  it('that are given back are used again, empty', () => {
    const block = takeBlock(10)
    block.used = 10
    giveBlock(block)
    expect(takeBlock(10)).toBe(block)
    expect(block.used).toBe(0)
  })

  it('come in three sizes, so that little does not take much', () => {
    const sizes = [1, SMALLEST_BLOCK, SMALLEST_BLOCK + 1, 10 * LARGEST_BLOCK].map(
      (size) => takeBlock(size).bytes.length,
    )
    expect(sizes).toEqual([4096, 4096, 16_384, 131_072])
    expect(LARGEST_BLOCK).toBe(131_072)
  })

  it('are kept as long as they are needed now and then, and let go when they were not for a while', async () => {
    vi.useFakeTimers()
    vi.resetModules()
    const { giveBlock, takeBlock } = await import('../../src/node/write-blocks.ts')
    const kept = (blocks: unknown[]): number =>
      Array.from({ length: blocks.length }, () => takeBlock(1)).filter((block) => blocks.includes(block)).length
    const many = Array.from({ length: 100 }, () => takeBlock(1))
    many.forEach(giveBlock)
    const used = (): number => {
      const taken = Array.from({ length: 30 }, () => takeBlock(1))
      taken.forEach(giveBlock)
      return taken.filter((block) => many.includes(block)).length
    }
    vi.advanceTimersByTime(100)
    expect(used()).toBe(30)
    vi.advanceTimersByTime(100)
    expect(used()).toBe(30)
    vi.advanceTimersByTime(100)
    expect(kept(many)).toBe(30)
    many.forEach(giveBlock)
    vi.advanceTimersByTime(200)
    expect(kept(many)).toBe(0)
    vi.useRealTimers()
  })
})
