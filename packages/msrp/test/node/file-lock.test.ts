import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { FileLock } from '../../src/node/index.ts'
import { FakeClock } from '../transport/fake-clock.ts'
import { runWithMounts, whyNoPrivateMounts } from './private-mounts.ts'
import { temporaryFolder } from './temporary-folder.ts'

const folder = temporaryFolder()
let made = 0
const newPath = (): string => join(folder.path, `${made++}.lock`)
const MINUTE = 60_000

/** A lock that a process on another machine has, and touched so many minutes ago. */
async function held(minutes: number, text?: string): Promise<string> {
  const path = newPath()
  const lock = await FileLock.take(path)
  const holder = JSON.parse(await readFile(path, 'utf8'))
  await lock?.release()
  await writeFile(path, text ?? JSON.stringify({ ...holder, host: 'another machine' }))
  const at = (Date.now() - minutes * MINUTE) / 1000
  await utimes(path, at, at)
  return path
}

test('is one holder’s at a time', async () => {
  const path = newPath()
  const lock = await FileLock.take(path)
  expect(await FileLock.take(path)).toBeUndefined()
  expect(await FileLock.isHeld(path)).toBe(true)
  await lock?.release()
  expect(await FileLock.isHeld(path)).toBe(false)
  await (await FileLock.take(path))?.release()
})

test.each([
  ['another machine', undefined],
  ['nobody knows whom', '{'],
])('of %s stays with it for ten minutes after it was last touched, and goes over to one then', async (_, text) => {
  const fresh = await held(9, text)
  expect(await FileLock.isHeld(fresh)).toBe(true)
  expect(await FileLock.take(fresh)).toBeUndefined()
  const stale = await held(11, text)
  expect(await FileLock.isHeld(stale)).toBe(false)
  const taken = await Promise.all(Array.from({ length: 5 }, () => FileLock.take(stale)))
  expect(taken.filter((lock) => lock !== undefined)).toHaveLength(1)
  for (const lock of taken) await lock?.release()
})

test('goes over to one when those died, too, who were about to take it over', async () => {
  const path = newPath()
  let left = path
  // Each was killed between its claim and its taking over.
  for (const token of ['A', 'B', 'C'].map((letter) => letter.repeat(16))) {
    await writeFile(left, JSON.stringify({ token, host: 'another machine', pid: 1 }))
    await utimes(left, 1, 1)
    left += `.${token}`
  }
  const taken = await Promise.all(Array.from({ length: 5 }, () => FileLock.take(path)))
  expect(taken.filter((lock) => lock !== undefined)).toHaveLength(1)
  for (const lock of taken) await lock?.release()
  expect((await readdir(folder.path)).filter((name) => join(folder.path, name).startsWith(path))).toEqual([])
})

test('that cannot be taken over says why, and leaves no claim on it', async () => {
  const path = newPath()
  await mkdir(path)
  await utimes(path, 1, 1)
  await expect(FileLock.take(path)).rejects.toMatchObject({ code: 'EISDIR', syscall: 'rename' })
  expect((await readdir(folder.path)).filter((name) => join(folder.path, name).startsWith(path))).toEqual([
    basename(path),
  ])
})

test('that cannot be written because the disk is full leaves nothing', async ({ skip }) => {
  const why = whyNoPrivateMounts()
  if (why) skip(why)
  const at = newPath()
  await mkdir(at)
  const entry = new URL('../../src/node/index.ts', import.meta.url).href
  const output = await runWithMounts(
    `mount -t tmpfs -o size=64k tmpfs '${at}'`,
    `import { readdirSync, writeFileSync, unlinkSync } from 'node:fs'
     import { FileLock } from '${entry}'
     writeFileSync('${at}/ballast', new Uint8Array(65536))
     console.log(await FileLock.take('${at}/lock').catch((error) => error.code), readdirSync('${at}').join())
     unlinkSync('${at}/ballast')
     const lock = await FileLock.take('${at}/lock')
     console.log(lock !== undefined)
     await lock?.release()`,
  )
  expect(output).toBe('ENOSPC ballast\ntrue\n')
})

test('is touched every minute by its holder, which leaves nothing behind', async () => {
  const clock = new FakeClock()
  const path = newPath()
  const lock = await FileLock.take(path, clock)
  for (let times = 0; times < 2; times++) {
    await utimes(path, 1, 1)
    await clock.advance(MINUTE)
    await expect.poll(async () => (await stat(path)).mtimeMs).toBeGreaterThan(Date.now() - MINUTE)
  }
  await lock?.release()
  expect(clock.pending).toBe(0)
  expect((await readdir(folder.path)).filter((name) => path.endsWith(name))).toEqual([])
})

test('that was taken over is neither touched nor given back by its former holder', async () => {
  const clock = new FakeClock()
  const path = newPath()
  const former = await FileLock.take(path, clock)
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replace(/"host":"[^"]*"/, '"host":"another machine"'))
  await utimes(path, 1, 1)
  const lock = await FileLock.take(path, new FakeClock())
  expect(lock).toBeDefined()
  await former?.release()
  expect(await FileLock.isHeld(path)).toBe(true)
  await lock?.release()
})
