import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FileSource, IncomingFile, numberedNames, Spool } from '../../src/node/index.ts'
import { runWithMounts, whyNoPrivateMounts } from './private-mounts.ts'
import { temporaryFolder } from './temporary-folder.ts'

const folder = temporaryFolder()
const text = (bytes: string): Uint8Array => Buffer.from(bytes, 'latin1')

let made = 0

/** A folder of one test's own. */
async function freshFolder(): Promise<string> {
  const path = join(folder.path, `case-${made++}`)
  await mkdir(path)
  return path
}

async function failure(promise: Promise<unknown>): Promise<Error & { code: string }> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(Error)
  return error as Error & { code: string }
}

describe('a file that is being received', () => {
  it('appears under its name only when it is complete, readable by its owner alone', async () => {
    const at = await freshFolder()
    const sink = new IncomingFile(join(at, 'photo.jpg'))
    await sink.write(0, text('hello '))
    await sink.write(6, text('world'))
    const [temporary, ...others] = await readdir(at)
    expect(temporary).toMatch(/^\.msrp-[\w-]{12}\.part$/)
    expect(others).toEqual([])
    expect((await stat(join(at, temporary!))).mode & 0o777).toBe(0o600)
    await sink.finish()
    expect(await readdir(at)).toEqual(['photo.jpg'])
    expect(await readFile(sink.path, 'latin1')).toBe('hello world')
    expect((await stat(sink.path)).mode & 0o777).toBe(0o600)
  })

  it('takes its parts in any order, the later one where they overlap', async () => {
    const at = await freshFolder()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(5000), fc.uint8Array({ minLength: 1, maxLength: 3000 })), {
          minLength: 1,
          maxLength: 30,
        }),
        async (parts) => {
          const expected = Buffer.alloc(Math.max(...parts.map(([position, bytes]) => position + bytes.length)))
          const sink = new IncomingFile(join(at, 'parts'))
          const writes = parts.map(([position, bytes]) => {
            expected.set(bytes, position)
            return sink.write(position, bytes)
          })
          await Promise.all(writes)
          await sink.finish()
          expect(Buffer.compare(await readFile(sink.path), expected)).toBe(0)
          await rm(sink.path)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('is finished by finish() even while writes are under way, and empty when nothing was written', async () => {
    const at = await freshFolder()
    const [full, empty] = [new IncomingFile(join(at, 'full')), new IncomingFile(join(at, 'empty'), { sync: true })]
    const block = randomBytes(3_000_000)
    const writes = [full.write(0, block.subarray(0, 2_000_000)), full.write(2_000_000, block.subarray(2_000_000))]
    await full.finish()
    await Promise.all(writes)
    await empty.finish()
    expect(Buffer.compare(await readFile(join(at, 'full')), block)).toBe(0)
    expect((await stat(join(at, 'empty'))).size).toBe(0)
  })

  it('can be read while it grows', async () => {
    const sink = new IncomingFile(join(await freshFolder(), 'growing'))
    void sink.write(10, text('later'))
    void sink.write(0, text('0123456789'))
    expect(Buffer.from(await sink.read(5, 10)).toString()).toBe('56789later')
    await sink.discard()
  })

  it('leaves nothing when it is discarded, before, during and after writing', async () => {
    const at = await freshFolder()
    const begun = new IncomingFile(join(at, 'begun'))
    await begun.discard()
    const busy = new IncomingFile(join(at, 'busy'))
    const write = busy.write(0, new Uint8Array(10_000_000)).catch(() => {})
    await Promise.all([busy.discard(), write])
    await busy.discard()
    {
      await using left = new IncomingFile(join(at, 'left'))
      await left.write(0, text('x'))
    }
    expect(await readdir(at)).toEqual([])
    expect((await failure(busy.write(0, text('x')))).code).toBe('closed')
    expect((await failure(busy.finish())).code).toBe('closed')
  })

  it('stays when it is discarded after finish()', async () => {
    const at = await freshFolder()
    const sink = new IncomingFile(join(at, 'kept'))
    await sink.finish()
    await sink.discard()
    expect(await readdir(at)).toEqual(['kept'])
  })

  it.each([
    ['a file', (path: string) => writeFile(path, 'mine')],
    ['a link that leads nowhere', (path: string) => symlink('/nowhere/at/all', path)],
    ['a folder', (path: string) => mkdir(path)],
  ])('never takes the place of %s that is there from the beginning', async (_, occupy) => {
    const at = await freshFolder()
    const path = join(at, 'taken')
    await occupy(path)
    const sink = new IncomingFile(path)
    const error = await failure(sink.write(0, text('theirs')))
    expect(error.code).toBe('storage')
    expect(error.message).toContain(path)
    expect(error.message).toMatch(/exists already/)
    expect(await readdir(at)).toEqual(['taken'])
  })

  it('never takes the place of a file that appears meanwhile', async () => {
    const at = await freshFolder()
    const path = join(at, 'taken')
    const sink = new IncomingFile(path)
    await sink.write(0, text('theirs'))
    await writeFile(path, 'mine')
    const error = await failure(sink.finish())
    expect(error.code).toBe('storage')
    expect(error.message).toMatch(/exists already/)
    expect(await readFile(path, 'latin1')).toBe('mine')
    expect(await readdir(at)).toEqual(['taken'])
  })

  it('gives one name to one only of many that finish at once', async () => {
    const at = await freshFolder()
    const sinks = Array.from({ length: 20 }, () => new IncomingFile(join(at, 'one')))
    await Promise.all(sinks.map((sink, index) => sink.write(0, text(`number ${index}`))))
    const results = await Promise.allSettled(sinks.map((sink) => sink.finish()))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await readdir(at)).toEqual(['one'])
    const winner = results.findIndex(({ status }) => status === 'fulfilled')
    expect(await readFile(join(at, 'one'), 'latin1')).toBe(`number ${winner}`)
  })

  it('numbers its name when asked, each of many that finish at once', async () => {
    const at = await freshFolder()
    await writeFile(join(at, 'a.tar.gz'), 'mine')
    const sinks = Array.from({ length: 5 }, () => new IncomingFile(join(at, 'a.tar.gz'), { taken: 'number' }))
    await Promise.all(sinks.map((sink, index) => sink.write(0, text(`number ${index}`))))
    await Promise.all(sinks.map((sink) => sink.finish()))
    expect((await readdir(at)).sort()).toEqual([
      'a.tar (2).gz',
      'a.tar (3).gz',
      'a.tar (4).gz',
      'a.tar (5).gz',
      'a.tar (6).gz',
      'a.tar.gz',
    ])
    for (const [index, sink] of sinks.entries()) expect(await readFile(sink.path, 'latin1')).toBe(`number ${index}`)
    expect(await readFile(join(at, 'a.tar.gz'), 'latin1')).toBe('mine')
  })

  it('replaces a file in one step when asked', async () => {
    const at = await freshFolder()
    const path = join(at, 'config')
    await writeFile(path, 'old')
    const sink = new IncomingFile(path, { taken: 'replace', mode: 0o644 })
    await sink.write(0, text('new'))
    expect(await readFile(path, 'latin1')).toBe('old')
    await sink.finish()
    expect(await readFile(path, 'latin1')).toBe('new')
    expect((await stat(path)).mode & 0o777).toBe(0o644)
    expect(await readdir(at)).toEqual(['config'])
  })

  it.each([
    ['a folder that does not exist', 'nowhere/file', /no such file or folder/],
    ['a file in place of the folder', 'file/file', /a part of the path is a file/],
    ['a name that is too long', 'x'.repeat(300), /name is too long/],
  ])('says clearly that it cannot be written: %s', async (_, name, message) => {
    const at = await freshFolder()
    await writeFile(join(at, 'file'), '')
    const sink = new IncomingFile(join(at, name))
    const error = await failure(sink.write(0, text('x')).then(() => sink.finish()))
    expect(error.code).toBe('storage')
    expect(error.message).toContain(join(at, name))
    expect(error.message).toMatch(message)
    expect(error.message).not.toMatch(/\n/)
    expect(await readdir(at)).toEqual(['file'])
    // The reason stays, whatever is tried next.
    expect(await failure(sink.finish())).toBe(error)
  })

  it('numbers names a thousand times at most', () => {
    const names = [...numberedNames('/folder/.hidden')]
    expect(names).toHaveLength(1000)
    expect(names.slice(0, 3)).toEqual(['/folder/.hidden', '/folder/.hidden (2)', '/folder/.hidden (3)'])
    expect([...numberedNames('/folder/photo.jpg')][1]).toBe('/folder/photo (2).jpg')
  })
})

describe('a disk that does not take it', () => {
  const why = whyNoPrivateMounts()
  const entry = new URL('../../src/node/index.ts', import.meta.url).href

  it('is full: says so, and leaves nothing', async ({ skip }) => {
    if (why) skip(why)
    const at = await freshFolder()
    const output = await runWithMounts(
      `mount -t tmpfs -o size=1m tmpfs '${at}'`,
      `import { readdirSync } from 'node:fs'
       import { IncomingFile, Spool } from '${entry}'
       const sink = new IncomingFile('${at}/large')
       const writes = []
       for (let index = 0; index < 64; index++) writes.push(sink.write(index * 65536, new Uint8Array(65536)).then(() => 'ok', (error) => error))
       const results = await Promise.all(writes)
       const errors = results.filter((result) => result !== 'ok')
       console.log(new Set(errors).size, errors[0].code, errors[0].message)
       console.log(await sink.finish().catch((error) => error.code), readdirSync('${at}').length)
       const spool = new Spool({ limit: 1e9, folder: '${at}' })
       console.log(await spool.write(0, new Uint8Array(2e6)).catch((error) => error.code + ' ' + error.message))
       await spool.close()
       const after = new IncomingFile('${at}/small')
       await after.write(0, new Uint8Array(900000))
       await after.finish()
       console.log(readdirSync('${at}').join())`,
    )
    const [first, second, third, fourth] = output.split('\n')
    expect(first).toMatch(/^1 storage cannot write .*\/large: no space is left on the device$/)
    expect(second).toBe('storage 0')
    expect(third).toMatch(/^storage cannot write .*\.spool: no space is left on the device$/)
    expect(fourth).toBe('small')
  })

  it('is read-only: says so', async ({ skip }) => {
    if (why) skip(why)
    const at = await freshFolder()
    const output = await runWithMounts(
      `mount -t tmpfs -o ro tmpfs '${at}'`,
      `import { IncomingFile } from '${entry}'
       const sink = new IncomingFile('${at}/file')
       console.log(await sink.write(0, new Uint8Array(1)).catch((error) => error.code + ' ' + error.message))`,
    )
    expect(output).toMatch(/^storage cannot write .*\/file: the file system is read-only\n$/)
  })

  it('does not permit it: says so', async ({ skip }) => {
    if (why) skip(why)
    const at = await freshFolder()
    const output = await runWithMounts(
      'true',
      `import { IncomingFile, FileSource } from '${entry}'
       import { chmodSync, writeFileSync } from 'node:fs'
       writeFileSync('${at}/secret', 'x', { mode: 0o600 })
       chmodSync('${at}', 0o555)
       process.setegid(65534)
       process.seteuid(65534)
       const sink = new IncomingFile('${at}/file')
       console.log(await sink.write(0, new Uint8Array(1)).catch((error) => error.code + ' ' + error.message))
       console.log(await FileSource.open('${at}/secret').catch((error) => error.code + ' ' + error.message))`,
    )
    const [written, read] = output.split('\n')
    expect(written).toMatch(/^storage cannot write .*\/file: permission denied$/)
    expect(read).toMatch(/^file-unreadable cannot read .*\/secret: permission denied$/)
    await chmod(at, 0o755)
  })

  it('has no hard links: still never takes the place of a file', async ({ skip }) => {
    if (why) skip(why)
    const at = await freshFolder()
    // Links across mounts fail like those of a file system without them; only the error differs, so it is replaced.
    const output = await runWithMounts(
      'true',
      `import fs from 'node:fs/promises'
       import { syncBuiltinESMExports } from 'node:module'
       fs.link = async () => { throw Object.assign(new Error('no links'), { code: 'ENOTSUP' }) }
       syncBuiltinESMExports()
       const { IncomingFile } = await import('${entry}')
       const sinks = Array.from({ length: 10 }, () => new IncomingFile('${at}/one'))
       await Promise.all(sinks.map((sink, index) => sink.write(0, Buffer.from('number ' + index))))
       const results = await Promise.allSettled(sinks.map((sink) => sink.finish()))
       const won = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
       console.log(won.length, (await fs.readFile('${at}/one', 'latin1')) === 'number ' + won[0], (await fs.readdir('${at}')).join())`,
    )
    expect(output).toBe('1 true one\n')
  })
})

describe('a spool', () => {
  it('gives back what was written, in any order, writes made before a read included', async () => {
    await using spool = new Spool({ limit: 1000, folder: folder.path })
    void spool.write(4, text('efgh'))
    void spool.write(0, text('abcd'))
    expect(Buffer.from(await spool.read(2, 4)).toString()).toBe('cdef')
  })

  it('has no name on disk', async () => {
    const at = await freshFolder()
    await using spool = new Spool({ limit: 1000, folder: at })
    await spool.write(0, text('secret'))
    expect(await readdir(at)).toEqual([])
  })

  it('refuses what ends behind its limit, and goes on with the rest', async () => {
    await using spool = new Spool({ limit: 10, folder: folder.path })
    expect((await failure(spool.write(8, text('abc')))).code).toBe('too-large')
    await spool.write(8, text('ab'))
    expect(Buffer.from(await spool.read(8, 2)).toString()).toBe('ab')
  })

  it('says that what is read was never written', async () => {
    await using spool = new Spool({ limit: 10, folder: folder.path })
    await spool.write(0, text('abc'))
    expect((await failure(spool.read(1, 3))).message).toMatch(/not all written/)
  })

  it('is of no use after close()', async () => {
    const spool = new Spool({ limit: 10, folder: folder.path })
    const writing = spool.write(0, text('abc'))
    await spool.close()
    await spool.close()
    await writing
    expect((await failure(spool.read(0, 1))).code).toBe('closed')
  })

  it('names the folder that cannot be used', async () => {
    const spool = new Spool({ limit: 10, folder: join(folder.path, 'nowhere') })
    const error = await failure(spool.write(0, text('abc')))
    expect(error.code).toBe('storage')
    expect(error.message).toContain(join(folder.path, 'nowhere'))
    await spool.close()
  })
})

describe('a file to be sent', () => {
  it('knows its name and size and is read whole, as often as wanted', async () => {
    const path = join(await freshFolder(), 'photo.jpg')
    const content = randomBytes(700_001)
    await writeFile(path, content)
    await using source = await FileSource.open(path, { readSize: 65_536 })
    expect([source.name, source.size]).toEqual(['photo.jpg', 700_001])
    for (let round = 0; round < 2; round++) {
      const sizes: number[] = []
      const sum = createHash('sha256')
      for await (const piece of source) {
        sizes.push(piece.length)
        sum.update(piece)
      }
      expect(sizes).toEqual([...new Array(10).fill(65_536), 700_001 - 655_360])
      expect(sum.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'))
    }
  })

  it('is read at any position, shorter only at the end', async () => {
    const path = join(await freshFolder(), 'file')
    await writeFile(path, '0123456789')
    await using source = await FileSource.open(path)
    const at = async (position: number, length: number): Promise<string> =>
      Buffer.from(await source.read(position, length)).toString()
    expect([await at(3, 4), await at(8, 4), await at(10, 1), await at(20, 5)]).toEqual(['3456', '89', '', ''])
  })

  it('gives pieces that stay as they are when the next ones come', async () => {
    const path = join(await freshFolder(), 'file')
    await writeFile(path, 'aabbcc')
    await using source = await FileSource.open(path, { readSize: 2 })
    const pieces: Uint8Array[] = []
    for await (const piece of source) pieces.push(piece)
    expect(pieces.map((piece) => Buffer.from(piece).toString())).toEqual(['aa', 'bb', 'cc'])
  })

  it('leaves an open handle open that it was given', async () => {
    const path = join(await freshFolder(), 'file')
    await writeFile(path, 'content')
    await using handle = await open(path)
    const source = await FileSource.open(handle, { name: 'shown.txt' })
    expect([source.name, source.size]).toEqual(['shown.txt', 7])
    await source.close()
    expect((await handle.stat()).size).toBe(7)
  })

  it.runIf(process.platform === 'linux')(
    'that says it has 0 bytes and has some, as in /proc, is sent whole',
    async () => {
      await using source = await FileSource.open('/proc/version')
      expect(source.size).toBeUndefined()
      const pieces: Uint8Array[] = []
      for await (const piece of source) pieces.push(piece)
      expect(Buffer.concat(pieces)).toEqual(await readFile('/proc/version'))
    },
  )

  it('reads a pipe or device in order and knows no size', async () => {
    await using source = await FileSource.open('/dev/zero', { readSize: 1000 })
    expect(source.size).toBeUndefined()
    for await (const piece of source) {
      expect(piece).toEqual(Buffer.alloc(1000))
      break
    }
    expect((await failure(source.read(0, 1))).code).toBe('invalid-argument')
    await using nothing = await FileSource.open('/dev/null')
    for await (const piece of nothing) expect(piece).toBeUndefined()
  })

  it.each([
    ['is missing', 'nowhere', /no such file or folder/],
    ['is a folder', '.', /a folder, not a file/],
    ['lies below a file', 'file/file', /a part of the path is a file/],
  ])('says clearly that it %s', async (_, name, message) => {
    const at = await freshFolder()
    await writeFile(join(at, 'file'), '')
    const error = await failure(FileSource.open(join(at, name)))
    expect(error.code).toBe('file-unreadable')
    expect(error.message).toContain(at)
    expect(error.message).toMatch(message)
  })

  it('says clearly that it became shorter while it was sent', async () => {
    const path = join(await freshFolder(), 'log')
    await writeFile(path, new Uint8Array(1000))
    await using source = await FileSource.open(path, { readSize: 300 })
    const reading = (async () => {
      for await (const piece of source) if (piece.length === 300) await truncate(path, 500)
    })()
    const error = await failure(reading)
    expect(error.code).toBe('file-unreadable')
    expect(error.message).toMatch(/became shorter/)
  })
})
