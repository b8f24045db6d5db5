import { readdir, rename, truncate, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { selectFiles, withHashes } from '../../src/file/index.ts'
import { fileBody } from '../../src/index.ts'
import { fileHash } from '../../src/node/index.ts'
import { failure, pattern } from '../session/stage.ts'
import { temporaryFolder } from './temporary-folder.ts'

const bytes = pattern(100_000)
const folder = temporaryFolder()
let made = 0

async function fileOf(content: Uint8Array | string): Promise<string> {
  const path = join(folder.path, `file-${made++}`)
  await writeFile(path, content)
  return path
}

/** Files below the test's folder that this process has open, where the system tells. */
async function openFiles(): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined
  const { readlink } = await import('node:fs/promises')
  const descriptors = await readdir('/proc/self/fd')
  const targets = await Promise.all(descriptors.map((one) => readlink(`/proc/self/fd/${one}`).catch(() => '')))
  return targets.filter((target) => target.startsWith(folder.path)).length
}

test('is not open until it is read, and closed in between', async () => {
  const body = await fileBody(await fileOf(bytes))
  const none = await openFiles()
  expect(none ?? 0).toBe(0)
  expect(await body.read(10, 5)).toEqual(Buffer.from(bytes.slice(10, 15)))
  await body.close?.()
  expect((await openFiles()) ?? 0).toBe(0)
})

test('can be read again after it was closed, as one does who sends the rest of it', async () => {
  const body = await fileBody(await fileOf(bytes))
  for (let times = 0; times < 2; times++) {
    expect(await body.read(50_000, 5)).toEqual(Buffer.from(bytes.slice(50_000, 50_005)))
    await body.close?.()
  }
})

test('goes on for one reader when another one has closed it', async () => {
  const body = await fileBody(await fileOf(bytes))
  const reading = [body.read(0, 50_000), body.close?.(), body.read(50_000, 50_000), body.close?.()]
  const [first, , second] = await Promise.all(reading)
  expect(Buffer.compare(Buffer.concat([first as Buffer, second as Buffer]), bytes)).toBe(0)
})

test.each<[string, (path: string) => Promise<void>]>([
  ['has another size', (path) => truncate(path, 10)],
  ['was changed', (path) => utimes(path, 1, 1)],
])('is no longer the file to be sent when it %s since', async (_, change) => {
  const path = await fileOf(bytes)
  const body = await fileBody(path)
  await body.read(0, 1)
  await body.close?.()
  await change(path)
  expect(await failure(body.read(0, 1))).toMatchObject({
    code: 'file-unreadable',
    message: expect.stringMatching(/has changed/),
  })
})

test('that is missing says so, at once or later, and can be read once it is there', async () => {
  const path = await fileOf(bytes)
  expect(await failure(fileBody(`${path}-other`))).toMatchObject({ code: 'file-unreadable' })
  const body = await fileBody(path)
  await rename(path, `${path}-aside`)
  expect(await failure(body.read(0, 1))).toMatchObject({ code: 'file-unreadable' })
  await rename(`${path}-aside`, path)
  expect(await body.read(0, 1)).toHaveLength(1)
  await body.close?.()
  await unlink(path)
})

test('that was hashed is closed until it is sent', async () => {
  const body = await fileBody(await fileOf(bytes))
  const hashed = await withHashes({ body }, { createHash: fileHash })
  expect(hashed.hashes).toHaveLength(2)
  expect((await openFiles()) ?? 0).toBe(0)
  const giveUp = AbortSignal.abort()
  await failure(withHashes({ body }, { createHash: fileHash, signal: giveUp }))
  expect((await openFiles()) ?? 0).toBe(0)
})

test('of files that a peer asks for is closed, whether it is the one or not', async () => {
  const files = []
  for (const name of ['a', 'b', 'c']) files.push({ body: await fileBody(await fileOf(name)), name })
  const wanted = await withHashes({ body: 'b' }, { createHash: fileHash })
  const found = await selectFiles({ hashes: wanted.hashes! }, files, { createHash: fileHash })
  expect(found.map(({ name }) => name)).toEqual(['b'])
  expect((await openFiles()) ?? 0).toBe(0)
})
