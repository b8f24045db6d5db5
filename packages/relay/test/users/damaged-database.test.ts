import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { createUsers, openUsers } from '../../src/users/index.ts'

const remedy = 'restore it from a backup, or move it away so that a new one is made'

/** A database with a thousand users, closed, so that it lies in one file of many pages. */
async function populated(): Promise<string> {
  const path = join(temporaryFolder(), 'users.sqlite')
  const users = Array.from({ length: 1000 }, (_, index) => ({
    username: `user${index}`,
    domain: 'example.com',
    password: 'p',
  }))
  await createUsers(path, users)
  return path
}

function change(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

describe('a file that is no user database is refused in one line that names it', () => {
  test.each([
    ['text', 'this is not a database, whatever its name says\n'.repeat(100), `is not a database; ${remedy}`],
    ['a few bytes', 'x', `belongs to another program or is empty; name another file, or ${remedy}`],
    ['nothing', '', `belongs to another program or is empty; name another file, or ${remedy}`],
  ])('%s', async (_, content, expected) => {
    const path = join(temporaryFolder(), 'users.sqlite')
    writeFileSync(path, content)
    await expect(openUsers(path)).rejects.toMatchObject({
      code: 'storage',
      message: `the user database ${path} ${expected}`,
    })
    expect(readFileSync(path, 'utf8')).toBe(content)
  })

  test('the database of another program', async () => {
    const path = join(temporaryFolder(), 'other.sqlite')
    change(path, 'CREATE TABLE users (name TEXT); INSERT INTO users VALUES (1)')
    await expect(openUsers(path)).rejects.toMatchObject({
      code: 'storage',
      message: `the user database ${path} belongs to another program or is empty; name another file, or ${remedy}`,
    })
  })

  test('one of a later version', async () => {
    const path = await populated()
    change(path, 'PRAGMA user_version = 2')
    await expect(openUsers(path)).rejects.toMatchObject({
      message: `the user database ${path} was written by a later version of this relay (layout 2); run that version`,
    })
  })

  test('one without its table', async () => {
    const path = await populated()
    change(path, 'DROP TABLE users')
    await expect(openUsers(path)).rejects.toMatchObject({
      message: `the user database ${path} lacks the table of users that belongs in it; ${remedy}`,
    })
  })

  test('one that was cut off', async () => {
    const path = await populated()
    truncateSync(path, 40_000)
    await expect(openUsers(path)).rejects.toMatchObject({
      code: 'storage',
      message: `the user database ${path} is damaged; ${remedy}`,
    })
  })

  test('one with a page of rubbish in the middle', async () => {
    const path = await populated()
    const bytes = readFileSync(path)
    bytes.fill(0xaa, 5 * 4096, 6 * 4096)
    writeFileSync(path, bytes)
    await expect(openUsers(path)).rejects.toMatchObject({
      code: 'storage',
      message: `the user database ${path} is damaged; ${remedy}`,
    })
  })

  test('a folder', async () => {
    const path = join(temporaryFolder(), 'users.sqlite')
    mkdirSync(path)
    await expect(openUsers(path)).rejects.toMatchObject({
      code: 'storage',
      message: `the user database ${path} could not be opened; give this user write access to it and to its folder`,
    })
  })

  test('nothing at all, and none is made', async () => {
    const path = join(temporaryFolder(), 'users.sqlite')
    await expect(openUsers(path)).rejects.toMatchObject({
      code: 'storage',
      message: `cannot read ${path}: there is no such file; correct the path`,
    })
    await expect(createUsers(join(path, 'below'))).rejects.toMatchObject({ code: 'storage' })
  })
})
