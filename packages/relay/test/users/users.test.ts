import { readFileSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startProgram } from '../../../../test/support/process.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { createUsers, openUsers, parseHa1, parseUserAddress, type UserDatabase } from '../../src/users/index.ts'

const alice = parseUserAddress('alice@example.com')
const bob = parseUserAddress('bob@example.com')

async function database(path = join(temporaryFolder(), 'users.sqlite')): Promise<UserDatabase> {
  await createUsers(path, [])
  const users = await openUsers(path)
  onTestFinished(() => users.close())
  return users
}

describe('a user database', () => {
  test('knows H(A1) of its users in both algorithms, as RFC 7616 §3.4.2 computes it', async () => {
    const users = await database()
    // The credentials of the examples in RFC 7616 §3.9.1.
    await users.add({ username: 'Mufasa', domain: 'http-auth@example.org', password: 'Circle of Life' })
    expect(await users.ha1('Mufasa', 'http-auth@example.org', 'md5')).toBe('3d78807defe7de2157e2b0b6573a855f')
    expect(await users.ha1('Mufasa', 'http-auth@example.org', 'sha-256')).toBe(
      '7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232',
    )
  })

  test('knows nobody else, in no other realm and no other case', async () => {
    const users = await database()
    await users.add({ ...alice, password: 'secret' })
    expect(await users.ha1('alice', 'example.com', 'md5')).toMatch(/^[\da-f]{32}$/)
    expect(await users.ha1('alice', 'example.org', 'md5')).toBeUndefined()
    expect(await users.ha1('Alice', 'example.com', 'md5')).toBeUndefined()
    expect(await users.ha1("' OR 1=1 --", 'example.com', 'md5')).toBeUndefined()
  })

  test('lists its users by domain and name, with the time of their creation', async () => {
    const users = await database()
    const start = Date.now()
    await users.add({ ...bob, password: 'b' })
    await users.add({ username: 'zoe', domain: 'a.example', password: 'z' })
    await users.add({ ...alice, password: 'a' })
    const listed = await users.list()
    expect(listed.map(({ username, domain }) => `${username}@${domain}`)).toEqual([
      'zoe@a.example',
      'alice@example.com',
      'bob@example.com',
    ])
    for (const { created } of listed) expect(created.getTime()).toBeGreaterThanOrEqual(start)
  })

  test('gives a user another password', async () => {
    const users = await database()
    await users.add({ ...alice, password: 'old' })
    await users.setPassword(alice, 'new')
    expect([
      await users.verify(alice, 'old'),
      await users.verify(alice, 'new'),
      await users.verify(bob, 'new'),
    ]).toEqual([false, true, false])
  })

  test('removes a user', async () => {
    const users = await database()
    await users.add({ ...alice, password: 'a' })
    await users.add({ ...bob, password: 'b' })
    await users.remove(alice)
    expect((await users.list()).map(({ username }) => username)).toEqual(['bob'])
  })

  test('tells of a user who exists already, or does not exist, and changes nothing', async () => {
    const users = await database()
    await users.add({ ...alice, password: 'a' })
    await expect(users.add({ ...alice, password: 'b' })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: 'the user alice@example.com exists already; change its password, or remove it first',
    })
    expect(await users.verify(alice, 'a')).toBe(true)
    const missing = { code: 'invalid-argument', message: 'there is no user bob@example.com; see the list of users' }
    await expect(users.remove(bob)).rejects.toMatchObject(missing)
    await expect(users.setPassword(bob, 'b')).rejects.toMatchObject(missing)
  })

  test.each([
    ['', 'the password is empty; type one, or let one be generated'],
    ['a\nb', 'the password holds a control character, such as a line break or tabulator; leave it out'],
    ['x'.repeat(1025), 'the password is longer than 1024 characters; shorten it'],
  ])('refuses the password %j without repeating it', async (password, message) => {
    const users = await database()
    await expect(users.add({ ...alice, password })).rejects.toMatchObject({ code: 'invalid-argument', message })
    await users.add({ ...alice, password: 'good' })
    await expect(users.setPassword(alice, password)).rejects.toMatchObject({ code: 'invalid-argument', message })
  })

  test('takes a password of any script', async () => {
    const users = await database()
    await users.add({ ...alice, password: 'пароль 密码 "\\:' })
    expect(await users.verify(alice, 'пароль 密码 "\\:')).toBe(true)
  })

  test('holds no password, in no file of it', async () => {
    const folder = temporaryFolder()
    const users = await database(join(folder, 'users.sqlite'))
    await users.add({ ...alice, password: 'Tr0ub4dor&3' })
    const files = await readdir(folder)
    expect(files.sort()).toEqual(['users.sqlite', 'users.sqlite-shm', 'users.sqlite-wal'])
    for (const file of files) expect(readFileSync(join(folder, file), 'latin1')).not.toContain('Tr0ub4dor')
  })

  test('is for its owner alone, the files that SQLite puts beside it too', async () => {
    const folder = temporaryFolder()
    const umask = process.umask(0o000)
    onTestFinished(() => void process.umask(umask))
    const users = await database(join(folder, 'users.sqlite'))
    await users.add({ ...alice, password: 'a' })
    const modes = ['users.sqlite', 'users.sqlite-shm', 'users.sqlite-wal'].map((file) =>
      (statSync(join(folder, file)).mode & 0o777).toString(8),
    )
    expect(modes).toEqual(['600', '600', '600'])
  })

  test('can be closed before it was used, and twice', async () => {
    const path = join(temporaryFolder(), 'users.sqlite')
    await createUsers(path)
    const users = await openUsers(path)
    await users.close()
    await users.close()
    await expect(users.list()).rejects.toMatchObject({ code: 'storage' })
  })
})

describe('H(A1) that another program stored', () => {
  // The credentials of the examples in RFC 7616 §3.9.1.
  const md5 = '3d78807defe7de2157e2b0b6573a855f'
  const sha256 = '7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232'
  const mufasa = { username: 'Mufasa', domain: 'http-auth@example.org' }

  test('does for a password', async () => {
    const users = await database()
    await users.add({ ...mufasa, ha1: parseHa1(`${md5.toUpperCase()} ${sha256}\n`) })
    expect(await users.ha1('Mufasa', mufasa.domain, 'md5')).toBe(md5)
    expect(await users.ha1('Mufasa', mufasa.domain, 'sha-256')).toBe(sha256)
    expect([await users.verify(mufasa, 'Circle of Life'), await users.verify(mufasa, 'other')]).toEqual([true, false])
  })

  test('answers challenges by MD5 alone where that is all there is', async () => {
    const users = await database()
    await users.add({ ...mufasa, password: 'another' })
    await users.setHa1(mufasa, parseHa1(md5))
    expect(await users.ha1('Mufasa', mufasa.domain, 'md5')).toBe(md5)
    expect(await users.ha1('Mufasa', mufasa.domain, 'sha-256')).toBeUndefined()
    expect(await users.verify(mufasa, 'Circle of Life')).toBe(true)
  })

  test.each([
    ['a password', 'Circle of Life'],
    ['one digit less', md5.slice(1)],
    ['one digit more', `${md5}0`],
    ['SHA-256 alone', sha256],
    ['a third one', `${md5} ${sha256} ${md5}`],
  ])('is not taken for one where it is %s, and not repeated', (_, text) => {
    expect(() => parseHa1(text)).toThrow(/^that is not H\(A1\): 32 hexadecimal digits/)
  })
})

describe('creation', () => {
  test('leaves a database that is there as it is', async () => {
    const path = join(temporaryFolder(), 'users.sqlite')
    expect(await createUsers(path, [{ ...alice, password: 'a' }])).toBe(true)
    expect(await createUsers(path, [{ ...bob, password: 'b' }])).toBe(false)
    await using users = await openUsers(path)
    expect((await users.list()).map(({ username }) => username)).toEqual(['alice'])
  })

  test('happens once when many try at the same time, and leaves nothing beside the file', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'users.sqlite')
    const created = await Promise.all(
      Array.from({ length: 8 }, (_, index) => createUsers(path, [{ ...alice, password: `p${index}` }])),
    )
    expect(created.filter((won) => won)).toHaveLength(1)
    await using users = await openUsers(path)
    expect(await users.verify(alice, `p${created.indexOf(true)}`)).toBe(true)
    expect((await readdir(folder)).filter((file) => !file.startsWith('users.sqlite'))).toEqual([])
  })

  test('leaves nothing when it fails', async () => {
    const folder = temporaryFolder()
    const twice = [
      { ...alice, password: 'a' },
      { ...alice, password: 'a' },
    ]
    await expect(createUsers(join(folder, 'users.sqlite'), twice)).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(await readdir(folder)).toEqual([])
  })
})

describe('two processes', () => {
  const program = new URL('./change-users.ts', import.meta.url).pathname

  test('share a database: what one adds, changes and removes, the other sees with its next look-up', async () => {
    const users = await database()
    const change = async (...args: string[]): Promise<void> => {
      const child = startProgram(process.execPath, [program, users.path, ...args])
      expect(await child.exit()).toEqual({ code: 0, signal: null })
    }
    expect(await users.verify(alice, 'first')).toBe(false)
    await change('add', 'alice@example.com', 'first')
    expect(await users.verify(alice, 'first')).toBe(true)
    await change('passwd', 'alice@example.com', 'second')
    expect([await users.verify(alice, 'first'), await users.verify(alice, 'second')]).toEqual([false, true])
    await change('remove', 'alice@example.com')
    expect(await users.ha1('alice', 'example.com', 'md5')).toBeUndefined()
  })

  test('do not disturb each other: while one writes, the other looks up at once and waits with its own write', async () => {
    const users = await database()
    await users.add({ ...alice, password: 'a' })
    const writer = startProgram(process.execPath, [program, users.path, 'hold', '1500'])
    await writer.line(/holding/)
    expect(await users.verify(alice, 'a')).toBe(true)
    expect((await users.list()).map(({ created }) => created.getFullYear())).not.toContain(2030)
    await users.add({ ...bob, password: 'b' })
    expect((await users.list()).map(({ created }) => created.getFullYear())).toContain(2030)
    expect(await writer.exit()).toEqual({ code: 0, signal: null })
  })

  test('write at the same time, and each write arrives', async () => {
    const users = await database()
    const writers = ['a', 'b', 'c'].map((name) =>
      startProgram(process.execPath, [program, users.path, 'many', name, '40']),
    )
    for (let index = 0; index < 40; index++)
      await users.add({ username: `own${index}`, domain: 'example.com', password: 'p' })
    for (const writer of writers) expect(await writer.exit(), writer.describe()).toEqual({ code: 0, signal: null })
    expect(await users.list()).toHaveLength(160)
  })
})
