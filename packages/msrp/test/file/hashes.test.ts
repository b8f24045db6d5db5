import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { fileHash as browserHash } from '../../src/browser/index.ts'
import {
  type FileSelector,
  fits,
  type LocalFile,
  sameFile,
  selectFiles,
  selectorOf,
  withHashes,
} from '../../src/file/index.ts'
import { fileHash as nodeHash } from '../../src/node/index.ts'
import { failure, pattern } from '../session/stage.ts'

const bytes = pattern(3_000_000)
const hex = (name: string): string => createHash(name).update(bytes).digest('hex')

describe('the hashes of a file', () => {
  test.each([
    ['Node', nodeHash],
    ['a browser', browserHash],
  ])('are the same in %s, whatever holds its bytes', async (_, createHash) => {
    const read = async (position: number, length: number): Promise<Uint8Array> =>
      bytes.slice(position, position + Math.min(length, 70_000))
    for (const body of [bytes, new Blob([bytes as BlobPart]), { size: bytes.length, read }]) {
      const { hashes } = await withHashes({ body }, { createHash })
      expect(hashes).toEqual([
        { algorithm: 'sha-1', digest: hex('sha1') },
        { algorithm: 'sha-256', digest: hex('sha256') },
      ])
    }
  })

  test('that are known already are not computed again', async () => {
    const known = [{ algorithm: 'sha-1', digest: 'ab'.repeat(20) }]
    const { hashes } = await withHashes({ body: 'x', hashes: known }, { createHash: nodeHash, algorithms: ['sha-1'] })
    expect(hashes).toBe(known)
  })

  test('can be given up, with progress until then', async () => {
    const stop = new AbortController()
    const seen: number[] = []
    const onProgress = (done: number): void => {
      seen.push(done)
      stop.abort()
    }
    const hashing = withHashes({ body: bytes }, { createHash: nodeHash, signal: stop.signal, onProgress })
    expect(await failure(hashing)).toMatchObject({ code: 'aborted' })
    expect(seen).toEqual([1 << 20])
  })

  test('of a stream cannot be known, nor those of a file that is shorter than it says', async () => {
    const stream = new Blob(['x']).stream()
    expect(await failure(withHashes({ body: stream }, { createHash: nodeHash }))).toMatchObject({
      code: 'invalid-argument',
    })
    const body = { size: 5, read: async () => new Uint8Array(0) }
    expect(await failure(withHashes({ body }, { createHash: nodeHash }))).toMatchObject({ code: 'file-unreadable' })
  })
})

describe('a selector', () => {
  const file = { name: 'a.txt', type: 'text/plain;charset=utf-8', size: 5 }

  test.each([
    [{}, true],
    [{ name: 'a.txt' }, true],
    [{ name: 'A.txt' }, false],
    [{ size: 5 }, true],
    [{ size: 6 }, false],
    [{ type: 'Text/Plain' }, true],
    [{ type: 'text/plain;charset="utf-8"' }, true],
    [{ type: 'text/plain;charset=ascii' }, false],
    [{ type: 'text/html' }, false],
    [{ name: 'a.txt', size: 6 }, false],
  ])('%j fits: %s', (selector, does) => expect(fits(selector, file)).toBe(does))

  test('by hash chooses among files whose other selectors fit, two at most', async () => {
    const files: LocalFile[] = ['one', 'two', 'two', 'two'].map((body) => ({ body, name: body }))
    const [wanted] = await Promise.all([withHashes(files[1]!, { createHash: nodeHash })])
    const { hashes } = selectorOf(wanted)
    expect(await selectFiles({ hashes: hashes! }, files, { createHash: nodeHash })).toHaveLength(2)
    expect(await selectFiles({ name: 'one', hashes: hashes! }, files, { createHash: nodeHash })).toEqual([])
    const unknown = [{ algorithm: 'sha3-512', digest: 'ab' }]
    expect(await selectFiles({ hashes: unknown }, files, { createHash: nodeHash })).toEqual([])
  })

  test('by hash reads a file once, however often it is asked for', async () => {
    let read = 0
    const body = {
      size: 4,
      read: async (position: number, length: number): Promise<Uint8Array> => {
        read += 1
        return new TextEncoder().encode('text').slice(position, position + length)
      },
    }
    const files: LocalFile[] = [{ body, name: 'a' }]
    const wanted = (digit: string): FileSelector => ({ hashes: [{ algorithm: 'sha-1', digest: digit.repeat(40) }] })
    const ask = (digit: string): Promise<LocalFile[]> => selectFiles(wanted(digit), files, { createHash: nodeHash })
    await Promise.all([ask('0'), ask('1')])
    expect(await ask('2')).toEqual([])
    expect(read).toBe(1)
    expect(files[0]).not.toHaveProperty('hashes')
  })

  test('that could not be read when it was asked for is read again the next time', async () => {
    const unreadable = new Error('not now')
    const reads = [Promise.reject(unreadable), Promise.resolve(new TextEncoder().encode('text'))]
    reads[0]!.catch(() => {})
    const files: LocalFile[] = [{ body: { size: 4, read: () => reads.shift()! } }]
    const [wanted] = await Promise.all([withHashes({ body: 'text' }, { createHash: nodeHash })])
    const ask = (): Promise<LocalFile[]> =>
      selectFiles({ hashes: wanted.hashes!.slice(0, 1) }, files, { createHash: nodeHash })
    await expect(ask()).rejects.toBe(unreadable)
    expect(await ask()).toHaveLength(1)
  })

  test('says the same file as another one unless they differ in what both have', () => {
    const sha1 = { algorithm: 'sha-1', digest: 'ab'.repeat(20) }
    expect(sameFile({ size: 5 }, { hashes: [sha1] })).toBe(true)
    expect(sameFile({ hashes: [sha1] }, { hashes: [{ ...sha1, digest: 'cd'.repeat(20) }] })).toBe(false)
    expect(sameFile({ name: 'a', size: 5 }, { name: 'b', size: 5 })).toBe(false)
  })
})
