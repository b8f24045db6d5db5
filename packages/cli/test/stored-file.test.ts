import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MsrpError } from 'msrp'
import { storageError } from 'msrp/node'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { isOfTheFolder, prepareFolder, StoredFile } from '../src/incoming/stored-file.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('a file from the peer', () => {
  test('has its name only when it is complete, and the hash of what was stored', async () => {
    const folder = temporaryFolder()
    const file = new StoredFile(folder, 'a.txt')
    await Promise.all([file.write(0, bytes('hello ')), file.write(6, bytes('world'))])
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^\.msrp-.*\.part$/)])
    expect(file.facts).toBeUndefined()
    await file.finish()
    expect(readdirSync(folder)).toEqual(['a.txt'])
    expect(file.facts).toEqual({ path: join(folder, 'a.txt'), size: 11, sha256: sha256('hello world') })
    await file.discard()
    expect(readdirSync(folder)).toEqual(['a.txt'])
  })

  test('may be empty', async () => {
    const folder = temporaryFolder()
    const file = new StoredFile(folder, 'empty')
    await file.finish()
    expect(file.facts).toEqual({ path: join(folder, 'empty'), size: 0, sha256: sha256('') })
  })

  test('has the right hash also when its bytes came out of order or twice', async () => {
    const folder = temporaryFolder()
    const file = new StoredFile(folder, 'a.txt')
    await file.write(6, bytes('world'))
    await file.write(0, bytes('HELLO '))
    await file.write(0, bytes('hello '))
    await file.finish()
    expect(file.facts?.sha256).toBe(sha256('hello world'))
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('hello world')
  })

  test('leaves nothing behind when it is given up', async () => {
    const folder = temporaryFolder()
    const file = new StoredFile(folder, 'a.txt')
    void file.write(0, bytes('half'))
    await file.discard()
    await file.discard()
    expect(readdirSync(folder)).toEqual([])
  })

  test('never replaces another, and twenty at once get twenty names', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'a.txt'), 'mine')
    mkdirSync(join(folder, 'a (2).txt'))
    const files = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const file = new StoredFile(folder, 'a.txt')
        await file.write(0, bytes(String(index)))
        await file.finish()
        return file
      }),
    )
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('mine')
    expect(readdirSync(folder)).toHaveLength(22)
    for (const [index, file] of files.entries()) {
      expect(readFileSync(file.facts!.path, 'utf8')).toBe(String(index))
    }
  })

  test('that cannot be stored fails with `storage`', async () => {
    const file = new StoredFile('/dev/null', 'a')
    await expect(file.write(0, bytes('x')).then(() => file.finish())).rejects.toMatchObject({ code: 'storage' })
  })
})

describe('the folder for files', () => {
  test.each([
    ...['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EIO', 'ENOENT'].map((code) => ({ code, ends: true })),
    ...['EFBIG', 'EEXIST', 'ENAMETOOLONG', 'EINVAL', undefined].map((code) => ({ code, ends: false })),
  ])('$code is a failure of the folder: $ends', ({ code, ends }) => {
    const error = storageError('a.bin', Object.assign(new Error('no'), { code }))
    expect(isOfTheFolder(error)).toBe(ends)
    expect(isOfTheFolder(new MsrpError('storage', 'not stored', { cause: error }))).toBe(ends)
  })

  test('is made with all that leads to it', async () => {
    const folder = join(temporaryFolder(), 'a/b/c')
    expect(await prepareFolder(folder)).toBe(folder)
    expect(await prepareFolder(folder)).toBe(folder)
    expect(readdirSync(folder)).toEqual([])
  })

  test.each([...(existsSync('/proc') ? ['/proc/no/such'] : []), '/dev/null', '/dev/null/below'])(
    '%s is refused before anybody is let in',
    async (path) => {
      await expect(prepareFolder(path)).rejects.toMatchObject({ code: 'storage' })
    },
  )
})
