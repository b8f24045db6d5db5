import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startProgram } from '../../../test/support/process.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { describeLeftOut, openFolders } from '../src/outgoing/folder.ts'

/** A folder `album` with these files in it, named by what they hold. */
function album(files: readonly string[]): string {
  const folder = join(temporaryFolder(), 'album')
  mkdirSync(folder)
  for (const file of files) {
    mkdirSync(join(folder, file, '..'), { recursive: true })
    writeFileSync(join(folder, file), file)
  }
  return folder
}

test('a folder stands for the files below it, in order, with names that tell where they were', async () => {
  const folder = album(['b.txt', 'a/z.txt', 'a/deep/er/y.txt', '10.txt'])
  const { files, leftOut } = await openFolders(['-', `${folder}/`, join(folder, 'b.txt')])
  expect(files).toEqual([
    { path: '-' },
    { path: join(folder, '10.txt'), name: 'album - 10.txt' },
    { path: join(folder, 'a/deep/er/y.txt'), name: 'album - a - deep - er - y.txt' },
    { path: join(folder, 'a/z.txt'), name: 'album - a - z.txt' },
    { path: join(folder, 'b.txt'), name: 'album - b.txt' },
    { path: join(folder, 'b.txt') },
  ])
  expect(describeLeftOut(leftOut)).toBeUndefined()
})

test('what is hidden, links and what is no file are left out and counted', async () => {
  const folder = album(['a.txt', '.hidden', '.git/config'])
  symlinkSync('/etc', join(folder, 'etc'))
  symlinkSync(join(folder, 'a.txt'), join(folder, 'b.txt'))
  const fifo = startProgram('mkfifo', [join(folder, 'pipe')])
  await fifo.exit()
  const { files, leftOut } = await openFolders([folder])
  expect(files.map(({ name }) => name)).toEqual(['album - a.txt'])
  expect(describeLeftOut(leftOut)).toBe('left out: 2 hidden, 2 symbolic links, 1 device, pipe or socket')
})

test('a folder without files is a mistake, which says what it has instead', async () => {
  const folder = album(['.hidden'])
  await expect(openFolders([folder])).rejects.toMatchObject({
    code: 'file-unreadable',
    message: expect.stringMatching(/no file in this folder \(left out: 1 hidden\)$/),
  })
})

test('what is missing shows when it is opened, not here', async () => {
  expect(await openFolders(['/no/such/file'])).toMatchObject({ files: [{ path: '/no/such/file' }] })
})

test('too many files are for an archive', async () => {
  const folder = album(['1', '2', '3'])
  expect((await openFolders([folder], 3)).files).toHaveLength(3)
  await expect(openFolders([folder], 2)).rejects.toMatchObject({
    code: 'invalid-argument',
    message: expect.stringContaining('tar'),
  })
})
