import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rename, stat, symlink, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import type { FileSelector } from '../../src/file/index.ts'
import { FileHasher } from '../../src/file/index.ts'
import { FileStore, type FileStoreOptions, fileHash, type StoredFile } from '../../src/node/index.ts'
import { failure, pattern } from '../session/stage.ts'
import { temporaryFolder } from './temporary-folder.ts'

const bytes = pattern(100_000)
const hasher = new FileHasher(['sha-1', 'sha-256'], fileHash)
hasher.update(bytes)
const hashes = hasher.digests()
const selector: FileSelector = { name: 'a.bin', type: 'application/x', size: bytes.length, hashes }

const root = temporaryFolder()
const newFolder = (): Promise<string> => mkdtemp(join(root.path, 'store-'))

async function store(options: FileStoreOptions = {}): Promise<{ store: FileStore; folder: string }> {
  const folder = await newFolder()
  return { store: new FileStore(folder, options), folder }
}

const names = async (folder: string): Promise<string[]> => (await readdir(folder)).toSorted()
const stem = `.msrp-sha-1-${hashes[0]!.digest}-sha-256-${hashes[1]!.digest}-${bytes.length}`
const [PART, FACTS, LOCK] = [`${stem}.part`, `${stem}.json`, `${stem}.lock`]

/** A transfer of which the first 1000 bytes are there. */
async function begun(files: FileStore): Promise<StoredFile> {
  const file = await files.open(selector)
  await file.write(0, bytes.slice(0, 1000))
  return file
}

/** Its process died, and has left the part and its lock. */
async function orphaned(files: FileStore): Promise<{ lock: string; holder: { token: string } }> {
  const file = await begun(files)
  const lock = join(files.folder, LOCK)
  const holder = JSON.parse(await readFile(lock, 'utf8'))
  await file.suspend()
  // Its number is another process's now.
  await writeFile(lock, JSON.stringify({ ...holder, start: 'before' }))
  return { lock, holder }
}

describe('a file in a FileStore', () => {
  test('gets its name when it is complete, the date of its sender, and leaves nothing else', async () => {
    const { store: files, folder } = await store()
    const file = await files.open(selector)
    await file.write(0, bytes)
    expect(await names(folder)).toEqual([FACTS, LOCK, PART])
    const modification = new Date('2020-01-02T03:04:05Z')
    expect(await file.finish(bytes.length, { dates: { modification } })).toBe(join(folder, 'a.bin'))
    expect(await names(folder)).toEqual(['a.bin'])
    expect((await stat(file.path)).mtime).toEqual(modification)
    expect(Buffer.compare(await readFile(file.path), bytes)).toBe(0)
  })

  test.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\evil.exe', 'evil.exe'],
    ['con', '_con'],
    ['.bashrc', 'bashrc'],
  ])('called %s by its sender is stored as %s (RFC5547-10-7)', async (name, safe) => {
    const { store: files, folder } = await store()
    const file = await files.open({ ...selector, name })
    await file.write(0, bytes)
    await file.finish(bytes.length, {})
    expect(await names(folder)).toEqual([safe])
  })

  test('that has no name yet gets the one that comes with it', async () => {
    const { store: files, folder } = await store({ extension: '.bin' })
    for (const name of ['told.txt', undefined]) {
      const file = await files.open({ hashes })
      await file.write(0, bytes)
      await file.finish(bytes.length, { name })
    }
    expect(await names(folder)).toEqual(['told.txt', 'unnamed.bin'])
  })

  test('whose name is taken gets a number, or fails if that is wanted', async () => {
    const { store: files, folder } = await store()
    await writeFile(join(folder, 'a.bin'), 'mine')
    const file = await files.open(selector)
    await file.write(0, bytes)
    expect(await file.finish(bytes.length, {})).toBe(join(folder, 'a (2).bin'))
    const strict = new FileStore(folder, { taken: 'fail' })
    expect(await failure(strict.open(selector))).toMatchObject({ code: 'storage' })
    expect(await names(folder)).toEqual(['a (2).bin', 'a.bin'])
  })

  test('that would not fit is not begun (RFC5547-10-6)', async () => {
    const { store: files, folder } = await store()
    const huge = { ...selector, size: Number.MAX_SAFE_INTEGER }
    expect(await failure(files.open(huge))).toMatchObject({
      code: 'storage',
      message: expect.stringMatching(/are free/),
    })
    expect(await names(folder)).toEqual([])
  })

  test('in a folder that is not there makes it, and those above it', async () => {
    const { folder } = await store()
    const files = new FileStore(join(folder, 'files', 'in'))
    await files.clean()
    expect(await files.stored(selector)).toBe(0)
    expect(await names(folder)).toEqual([])
    const [file, another] = await Promise.all([files.open(selector), files.open({ ...selector, size: 1 })])
    await another.discard()
    await file.write(0, bytes)
    expect(await file.finish(bytes.length, {})).toBe(join(folder, 'files', 'in', 'a.bin'))
  })

  test('in a folder that cannot be made fails, and says so', async () => {
    const { folder } = await store()
    await writeFile(join(folder, 'taken'), '')
    for (const path of [join(folder, 'taken'), join(folder, 'taken', 'in'), '/proc/none/in']) {
      expect(await failure(new FileStore(path).open(selector))).toMatchObject({ code: 'storage' })
    }
    expect(await failure(new FileStore(join(folder, 'taken')).clean())).toMatchObject({ code: 'storage' })
  })
})

describe('a part of a file', () => {
  test('stays when the transfer is suspended, and is gone on with', async () => {
    const { store: files, folder } = await store()
    const file = await files.open(selector)
    await file.write(0, bytes.slice(0, 60_000))
    await file.suspend()
    expect(await names(folder)).toEqual([FACTS, PART])
    expect(await files.stored(selector)).toBe(60_000)
    const rest = await new FileStore(folder).open(selector)
    expect(rest.stored).toBe(60_000)
    expect(await rest.read(10, 5)).toEqual(Buffer.from(bytes.slice(10, 15)))
    await rest.write(60_000, bytes.slice(60_000))
    await rest.finish(bytes.length, {})
    expect(Buffer.compare(await readFile(rest.path), bytes)).toBe(0)
    expect(await names(folder)).toEqual(['a.bin'])
    expect(await files.stored(selector)).toBe(0)
  })

  test('counts up to its first gap', async () => {
    const { store: files } = await store()
    const file = await begun(files)
    await file.write(5000, bytes.slice(5000, 6000))
    await file.suspend()
    expect(await files.stored(selector)).toBe(1000)
  })

  test('goes when the transfer is cancelled, or nothing of it came', async () => {
    const { store: files, folder } = await store()
    const cancelled = await files.open(selector)
    await cancelled.write(0, bytes)
    await cancelled.discard()
    await (await files.open(selector)).suspend()
    expect(await names(folder)).toEqual([])
  })

  test('without a hash in its description does not stay, since nobody could tell what it is', async () => {
    const { store: files, folder } = await store()
    const file = await files.open({ name: 'a.bin', size: bytes.length })
    await file.write(0, bytes.slice(0, 1000))
    await file.suspend()
    expect(await names(folder)).toEqual([])
  })

  test('stays when the process is killed, also with a gap', async () => {
    const { folder } = await store()
    for (const [gap, stored] of [
      [false, 50_000],
      [true, 1000],
    ] as const) {
      const program = `
        import { FileStore } from ${JSON.stringify(new URL('../../src/node/index.ts', import.meta.url).href)}
        const file = await new FileStore(${JSON.stringify(folder)}).open(${JSON.stringify(selector)})
        await file.write(0, new Uint8Array(${stored}).fill(7))
        ${gap ? 'await file.write(90_000, new Uint8Array(10).fill(7))' : ''}
        console.log('there')
        setInterval(() => {}, 1000)`
      const killed = spawn(process.execPath, ['--input-type=module', '-e', program])
      await once(killed.stdout, 'data')
      const files = new FileStore(folder)
      // As long as it lives nobody else writes to its part.
      expect(await files.stored(selector)).toBe(0)
      killed.kill('SIGKILL')
      await once(killed, 'exit')
      expect(await files.stored(selector)).toBe(stored)
      const rest = await files.open(selector)
      expect(rest.stored).toBe(stored)
      expect(await rest.read(0, 2)).toEqual(Buffer.from([7, 7]))
      await rest.discard()
    }
    expect(await names(folder)).toEqual([])
  })

  test('is written to by one transfer at a time: another gets a place of its own', async () => {
    const { store: files, folder } = await store()
    const [first, second] = await Promise.all([files.open(selector), files.open(selector)])
    for (const file of [first, second]) {
      await file.write(0, bytes)
      await file.finish(bytes.length, {})
    }
    expect(await names(folder)).toEqual(['a (2).bin', 'a.bin'])
  })

  test.each([
    ['another size', { ...selector, size: 5 }],
    ['no size', { name: 'a.bin', hashes }],
    ['another SHA-256', { ...selector, hashes: [hashes[0]!, { algorithm: 'sha-256', digest: '0'.repeat(64) }] }],
  ])('is left alone by a description with the same SHA-1 and %s', async (_, other) => {
    const { store: files } = await store()
    await (await begun(files)).suspend()
    expect(await files.stored(other)).toBe(0)
    const another = await files.open(other)
    expect(another.stored).toBe(0)
    await another.write(0, new Uint8Array(5))
    await another.discard()
    const again = await files.open(selector)
    expect(again.stored).toBe(1000)
    expect(await again.read(0, 1000)).toEqual(Buffer.from(bytes.slice(0, 1000)))
    await again.discard()
  })

  test('that cannot be told is begun anew', async () => {
    const { store: files, folder } = await store()
    await (await begun(files)).suspend()
    for (const text of ['', '{', '{"version":2}', '{"version":1,"stored":-1}', `{"version":1}${' '.repeat(100_000)}`]) {
      await writeFile(join(folder, FACTS), text)
      expect(await files.stored(selector)).toBe(0)
    }
    const again = await files.open(selector)
    expect(again.stored).toBe(0)
    await again.discard()
  })

  test('whose facts are a pipe, a device or a link cannot be told, and nothing waits for them', async () => {
    const { store: files, folder } = await store()
    await (await begun(files)).suspend()
    const facts = join(folder, FACTS)
    const real = join(folder, 'facts')
    await rename(facts, real)
    for (const put of [
      () => execFileSync('mkfifo', [facts]),
      () => symlink('/dev/zero', facts),
      () => symlink(real, facts),
    ]) {
      await put()
      expect(await files.stored(selector)).toBe(0)
      await unlink(facts)
    }
    await rename(real, facts)
    expect(await files.stored(selector)).toBe(1000)
  })

  test('has its facts written to a new file, whatever links are there', async () => {
    const { store: files, folder } = await store()
    const victim = join(await newFolder(), 'victim')
    await writeFile(victim, 'precious')
    for (const name of [`${FACTS}.new`, FACTS]) await symlink(victim, join(folder, name))
    const file = await files.open(selector)
    await file.write(0, bytes)
    await file.suspend()
    expect(await readFile(victim, 'utf8')).toBe('precious')
  })

  test('is not shared with another thread', async () => {
    const { store: files, folder } = await store()
    const program = `
      import { parentPort } from 'node:worker_threads'
      import { FileStore } from ${JSON.stringify(new URL('../../src/node/index.ts', import.meta.url).href)}
      const file = await new FileStore(${JSON.stringify(folder)}).open(${JSON.stringify(selector)})
      parentPort.on('message', async () => {
        await file.write(500, new TextEncoder().encode('EVIL'))
        await file.discard()
        parentPort.close()
      })
      parentPort.postMessage('open')`
    const file = await files.open(selector)
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`))
    await once(worker, 'message')
    await file.write(0, bytes)
    worker.postMessage('write')
    await once(worker, 'exit')
    await file.finish(bytes.length, {})
    expect(Buffer.compare(await readFile(file.path), bytes)).toBe(0)
    expect(await names(folder)).toEqual(['a.bin'])
  })

  test('of a process that died goes over to one of those who want it, and of a machine that cannot be seen when that is silent', async () => {
    const { store: files, folder } = await store({ keepFor: 1000 })
    const { lock, holder } = await orphaned(files)
    const taken = await Promise.all(Array.from({ length: 5 }, () => files.open(selector)))
    expect(taken.map(({ stored }) => stored).toSorted()).toEqual([0, 0, 0, 0, 1000])
    for (const one of taken) await one.suspend()
    expect(await names(folder)).toEqual([FACTS, PART])
    await writeFile(lock, JSON.stringify({ ...holder, host: 'another' }))
    expect(await files.stored(selector)).toBe(0)
    expect((await files.open(selector)).stored).toBe(0)
    await utimes(join(folder, PART), 0, 0)
    await files.clean()
    expect(await names(folder)).toContain(PART)
    // It has not said for long that it lives.
    await utimes(lock, 0, 0)
    expect(await files.stored(selector)).toBe(1000)
    const gone = await files.open(selector)
    expect(gone.stored).toBe(1000)
    await gone.suspend()
    await utimes(join(folder, PART), 0, 0)
    await files.clean()
    expect((await names(folder)).filter((name) => name.startsWith(stem))).toEqual([])
  })

  test('of a process that died is removed in time, also when another one died that was about to go on with it', async () => {
    const { store: files, folder } = await store({ keepFor: 1000 })
    const { lock, holder } = await orphaned(files)
    await writeFile(`${lock}.${holder.token}`, JSON.stringify({ ...holder, token: 'B'.repeat(16), start: 'before' }))
    await writeFile(`${lock}.${'C'.repeat(16)}.${'D'.repeat(16)}`, '')
    for (const name of await names(folder)) await utimes(join(folder, name), 0, 0)
    await files.clean()
    expect(await names(folder)).toEqual([])
  })

  test('that somebody put a link in place of is not followed', async () => {
    const { store: files, folder } = await store()
    const file = await begun(files)
    await file.discard()
    const victim = join(await newFolder(), 'victim')
    await writeFile(victim, 'precious')
    await symlink(victim, join(folder, PART))
    const again = await files.open(selector)
    await again.write(0, bytes)
    await again.finish(bytes.length, {})
    expect(await readFile(victim, 'utf8')).toBe('precious')
  })

  test('is removed when it has lain for long enough, and nothing else is', async () => {
    const { store: files, folder } = await store({ keepFor: 1000 })
    await writeFile(join(folder, 'mine'), 'x')
    const file = await begun(files)
    const part = join(folder, PART)
    await utimes(part, 0, 0)
    await files.clean()
    expect(await names(folder)).toHaveLength(4)
    await file.suspend()
    await files.clean()
    expect(await names(folder)).toHaveLength(3)
    await utimes(part, 0, 0)
    await files.clean()
    expect(await names(folder)).toEqual(['mine'])
  })

  test('may be readable for others, if that is wanted', async () => {
    const { store: files } = await store({ mode: 0o644 })
    const file = await files.open(selector)
    await file.write(0, bytes)
    await file.finish(bytes.length, {})
    expect((await stat(file.path)).mode & 0o444).toBe(0o444)
  })
})
