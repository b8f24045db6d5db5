import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest'
import { type Program, startProgram } from '../../../../test/support/process.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { certifies } from '../../src/certificates/index.ts'
import { completeSettings, type Settings, type SettingsInput } from '../../src/config/index.ts'
import { openRelayUsers, openState, type RelayState } from '../../src/io/index.ts'
import { createUsers, parseUserAddress } from '../../src/users/index.ts'

const firstFiles = [
  ...['alice.password', 'bob.password', 'ca.key', 'ca.pem'],
  ...['server.key', 'server.pem', 'users.sqlite'],
]

const settingsFor = (stateFolder: string, more: SettingsInput = {}): Settings =>
  completeSettings({ ...more, stateFolder })

async function open(settings: Settings): Promise<RelayState> {
  const state = await openState(settings)
  onTestFinished(() => state.users.close())
  return state
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

/** Files without those that SQLite keeps only while the database is open. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((file) => !/-(wal|shm)$/.test(file))
    .sort()

const password = (folder: string, name: string): string => readFileSync(join(folder, `${name}.password`), 'utf8').trim()

describe('the first start', () => {
  test('makes a folder for its owner alone, with keys and passwords that nobody else reads', async () => {
    const folder = join(temporaryFolder(), 'a', 'state')
    const umask = process.umask(0o000)
    onTestFinished(() => void process.umask(umask))
    await open(settingsFor(folder))
    expect(modeOf(folder)).toBe('700')
    expect(filesIn(folder)).toEqual(firstFiles)
    const modes = Object.fromEntries(firstFiles.map((file) => [file, modeOf(join(folder, file))]))
    expect(modes).toEqual({
      'alice.password': '600',
      'bob.password': '600',
      'ca.key': '600',
      'ca.pem': '644',
      'server.key': '600',
      'server.pem': '644',
      'users.sqlite': '600',
    })
  })

  test('makes two users in the realm, whose passwords in the files are good and differ', async () => {
    const folder = join(temporaryFolder(), 'state')
    const { tryout, database } = await open(settingsFor(folder, { realm: 'example.com' }))
    expect(tryout).toEqual([
      { address: 'alice@example.com', passwordFile: join(folder, 'alice.password') },
      { address: 'bob@example.com', passwordFile: join(folder, 'bob.password') },
    ])
    for (const name of ['alice', 'bob']) {
      expect(password(folder, name)).toMatch(/^[\w-]{24}$/)
      expect(await database!.verify(parseUserAddress(`${name}@example.com`), password(folder, name))).toBe(true)
    }
    expect(password(folder, 'alice')).not.toBe(password(folder, 'bob'))
  })

  test('certifies the advertised name, this machine’s loopback, and the addresses listened on', async () => {
    const settings = settingsFor(join(temporaryFolder(), 'state'), {
      advertised: { name: 'relay.example.com' },
      listen: [{ host: '0.0.0.0' }, { host: '127.0.0.9', port: 1 }],
    })
    const { certificates } = await open(settings)
    for (const name of ['relay.example.com', 'localhost', '127.0.0.1', '::1', '127.0.0.9']) {
      expect(certifies(certificates.server.leaf, name), name).toBe(true)
    }
    expect(certificates.server.leaf.subjectAltName).not.toContain('0.0.0.0,')
    expect(certificates.authorities?.at(-1)).toBe(readFileSync(certificates.authorityFile ?? '', 'utf8'))
    expect(certificates.authorities?.length).toBeGreaterThan(50)
  })

  test('keeps the permissions of a folder that is there', async () => {
    const folder = temporaryFolder()
    chmodSync(folder, 0o750)
    await open(settingsFor(folder))
    expect(modeOf(folder)).toBe('750')
  })

  test('says nothing of the passwords on its output', async () => {
    const folder = join(temporaryFolder(), 'state')
    const program = start(folder)
    expect(await program.exit()).toEqual({ code: 0, signal: null })
    const said = [...program.stdout.lines, ...program.stderr.lines].join('\n')
    for (const name of ['alice', 'bob']) expect(said).not.toContain(password(folder, name))
    expect(program.stderr.lines).toEqual([])
  })
})

describe('the next start', () => {
  test('changes nothing', async () => {
    const folder = join(temporaryFolder(), 'state')
    const first = await openState(settingsFor(folder))
    await first.users.close()
    const before = filesIn(folder).map((file) => readFileSync(join(folder, file)).toString('base64'))
    const again = await openState(settingsFor(folder))
    expect(again.certificates.renewed).toBe(false)
    expect(again.tryout).toEqual(first.tryout)
    await again.users.close()
    expect(filesIn(folder).map((file) => readFileSync(join(folder, file)).toString('base64'))).toEqual(before)
  })

  test('knows that a password was changed or a user removed since, and makes nobody anew', async () => {
    const folder = join(temporaryFolder(), 'state')
    const { database } = await open(settingsFor(folder))
    await database!.setPassword(parseUserAddress('alice@localhost'), 'another')
    expect((await open(settingsFor(folder))).tryout).toEqual([
      { address: 'alice@localhost', passwordFile: undefined },
      { address: 'bob@localhost', passwordFile: join(folder, 'bob.password') },
    ])
    await database!.remove(parseUserAddress('alice@localhost'))
    await database!.remove(parseUserAddress('bob@localhost'))
    expect((await open(settingsFor(folder))).tryout).toEqual([])
  })

  test('completes a first start that was killed after the passwords', async () => {
    const folder = join(temporaryFolder(), 'state')
    mkdirSync(folder)
    writeFileSync(join(folder, 'alice.password'), 'from-before-the-kill\n', { mode: 0o600 })
    writeFileSync(join(folder, 'bob.password'), '', { mode: 0o600 })
    const { database, tryout } = await open(settingsFor(folder))
    expect(await database!.verify(parseUserAddress('alice@localhost'), 'from-before-the-kill')).toBe(true)
    expect(password(folder, 'bob')).toMatch(/^[\w-]{24}$/)
    expect(tryout.map(({ passwordFile }) => passwordFile)).toEqual(
      ['alice', 'bob'].map((name) => join(folder, `${name}.password`)),
    )
  })

  test('works with passwords again that went with a lost database', async () => {
    const folder = join(temporaryFolder(), 'state')
    const first = await openState(settingsFor(folder))
    await first.users.close()
    const before = password(folder, 'alice')
    rmSync(join(folder, 'users.sqlite'))
    const { database } = await open(settingsFor(folder))
    expect(await database!.verify(parseUserAddress('alice@localhost'), before)).toBe(true)
  })
})

test('processes that start at the same time come to one state, in which every password works', async () => {
  const folder = join(temporaryFolder(), 'state')
  const programs = Array.from({ length: 4 }, () => start(folder))
  const results = []
  for (const program of programs) {
    expect(await program.exit(), program.describe()).toEqual({ code: 0, signal: null })
    results.push(result(program))
  }
  for (const each of results) expect(each).toEqual(results[0])
  expect(results[0]).toMatchObject({
    tryout: ['alice', 'bob'].map((name) => ({
      address: `${name}@localhost`,
      passwordFile: join(folder, `${name}.password`),
    })),
  })
  expect(filesIn(folder)).toEqual(firstFiles)
})

describe('what the settings name', () => {
  test('is used, and no state folder is made when they name everything', async () => {
    const other = join(temporaryFolder(), 'other')
    await (await openState(settingsFor(other))).users.close()
    const folder = join(temporaryFolder(), 'state')
    const settings = settingsFor(folder, {
      tls: { certificate: join(other, 'server.pem'), key: join(other, 'server.key'), ca: join(other, 'ca.pem') },
      users: { database: join(other, 'users.sqlite') },
    })
    const { certificates } = await open(settings)
    expect(certificates).toMatchObject({ renewed: false, warnings: [] })
    expect(certificates.authorityFile).toBeUndefined()
    expect(certificates.authorities).toEqual([readFileSync(join(other, 'ca.pem'), 'utf8')])
    expect(() => statSync(folder)).toThrow('ENOENT')
  })

  test('refuses a certificate that names another host than the relay does', async () => {
    const other = join(temporaryFolder(), 'other')
    await (await openState(settingsFor(other))).users.close()
    const tls = { certificate: join(other, 'server.pem'), key: join(other, 'server.key') }
    const settings = settingsFor(temporaryFolder(), { tls, advertised: { name: 'relay.example.com' } })
    await expect(openState(settings)).rejects.toMatchObject({
      code: 'storage',
      message: `tls.certificate: ${tls.certificate} does not name the host relay.example.com, so clients would refuse it; have it issued for that name, or correct advertised.name`,
    })
  })

  test('is not made up: a database that is missing is an error, unless somebody is to be added to it', async () => {
    const folder = temporaryFolder()
    const database = join(folder, 'subscribers.sqlite')
    const settings = settingsFor(join(folder, 'state'), { users: { database } })
    await expect(openState(settings)).rejects.toMatchObject({
      code: 'storage',
      message: `there is no user database ${database}; add a first user with "msrp relay user add", or correct users.database in the configuration`,
    })
    const users = await openRelayUsers(settings, { create: true })
    onTestFinished(() => users.close())
    expect(await users.list()).toEqual([])
  })

  test('is told by its file when it is damaged', async () => {
    const folder = temporaryFolder()
    const [certificate, key, ca] = [join(folder, 'a.pem'), join(folder, 'a.key'), join(folder, 'ca.pem')]
    for (const file of [certificate, key, ca]) writeFileSync(file, 'x')
    await expect(openState(settingsFor(folder, { tls: { certificate, key } }))).rejects.toMatchObject({
      code: 'storage',
      message: `${certificate} holds no certificate in PEM form; correct the files, or tls.certificate and tls.key in the configuration`,
    })
    await expect(openState(settingsFor(folder, { tls: { ca } }))).rejects.toMatchObject({
      code: 'storage',
      message: `${ca} holds no certificate in PEM form; correct the file, or tls.ca in the configuration`,
    })
  })
})

describe('a folder that cannot be used is told in one line', () => {
  test('a file in its place', async () => {
    const folder = join(temporaryFolder(), 'state')
    writeFileSync(folder, '')
    await expect(openState(settingsFor(folder))).rejects.toMatchObject({
      code: 'storage',
      message: `cannot create ${folder}: something else has that name; move it away or choose another place`,
    })
    await expect(openState(settingsFor(join(folder, 'below')))).rejects.toMatchObject({
      code: 'storage',
      message: `cannot create ${folder}: something else has that name; move it away or choose another place`,
    })
    await expect(openState(settingsFor('/proc/none'))).rejects.toMatchObject({
      code: 'storage',
      message: 'cannot create /proc/none: its folder does not exist; create it or correct the path',
    })
  })

  test('a damaged database in it', async () => {
    const folder = join(temporaryFolder(), 'state')
    await createUsersIn(folder)
    writeFileSync(join(folder, 'users.sqlite'), 'no database at all, '.repeat(100))
    await expect(openState(settingsFor(folder))).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringMatching(/^the user database .*users\.sqlite is not a database; /),
    })
  })

  // Root may write whatever the permissions say, so the file system itself has to say no.
  test('a new one on a read-only file system', async (context) => {
    mountsOrSkips(context)
    const parent = temporaryFolder()
    const program = await inNamespace(readOnly(parent), openIn(join(parent, 'state')))
    expect(result(program)).toEqual({
      code: 'storage',
      message: `cannot create ${join(parent, 'state')}: the file system is read-only; choose a place that can be written`,
    })
  })

  test('one that has become read-only', async (context) => {
    mountsOrSkips(context)
    const folder = join(temporaryFolder(), 'state')
    await (await openState(settingsFor(folder))).users.close()
    const before = filesIn(folder)
    const program = await inNamespace(readOnly(folder), openIn(folder))
    expect(result(program)).toEqual({
      code: 'storage',
      message: `the user database ${join(folder, 'users.sqlite')} could not be opened; give this user write access to it and to its folder`,
    })
    expect(filesIn(folder)).toEqual(before)
  })

  test.for<[number, RegExp]>([
    [0, /^cannot write .*\/ca\.key: no space is left on the device; make room or choose another place$/],
    [4, /^cannot write .*\.password: no space is left on the device; make room or choose another place$/],
    [7, /^the user database .*\/users\.sqlite cannot grow, no space is left on the device; make room$/],
  ])(
    'one on a disk with %i free pages, which holds nothing half made and serves once there is room',
    async ([pages, expected], context) => {
      mountsOrSkips(context)
      const folder = join(temporaryFolder(), 'state')
      mkdirSync(folder)
      const program = await inNamespace(
        `mount -t tmpfs -o size=1m none ${folder} && head -c ${(256 - pages) * 4096} /dev/zero > ${folder}/filler`,
        `${openIn(folder)}; ls -A ${folder}; rm ${folder}/filler; ${openIn(folder)}; ls -A ${folder}`,
      )
      const [failed = '', ...rest] = program.stdout.lines
      expect(JSON.parse(failed)).toEqual({ code: 'storage', message: expect.stringMatching(expected) })
      const again = rest.findIndex((line) => line.startsWith('{'))
      expect(firstFiles).toEqual(expect.arrayContaining(rest.slice(0, again).filter((file) => file !== 'filler')))
      expect(JSON.parse(rest[again] ?? '')).toMatchObject({ users: [{ username: 'alice' }, { username: 'bob' }] })
      expect(rest.slice(again + 1).sort()).toEqual(firstFiles)
    },
  )
})

async function createUsersIn(folder: string): Promise<void> {
  mkdirSync(folder)
  await createUsers(join(folder, 'users.sqlite'))
}

const program = new URL('./open-state.ts', import.meta.url).pathname

const openIn = (folder: string): string => `${process.execPath} ${program} ${folder}`

const readOnly = (folder: string): string => `mount --bind ${folder} ${folder} && mount -o remount,ro,bind ${folder}`

function start(folder: string): Program {
  return startProgram(process.execPath, [program, folder])
}

/** Runs shell commands that see mounts of their own, which vanish with them. */
async function inNamespace(mounts: string, commands: string): Promise<Program> {
  const shell = startProgram('unshare', ['--mount', 'sh', '-c', `${mounts} || exit 99; ${commands}`])
  const { code } = await shell.exit()
  expect(code, shell.describe()).not.toBe(99)
  return shell
}

function mountsOrSkips(context: Pick<TestContext, 'skip'>): void {
  const { status, stderr } = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], {
    encoding: 'utf8',
  })
  if (status !== 0)
    context.skip(`mounting in a namespace is not permitted here (${stderr?.trim() || 'no unshare'}); run as root`)
}

function result(program: Program): unknown {
  return JSON.parse(program.stdout.lines.join('\n'))
}
