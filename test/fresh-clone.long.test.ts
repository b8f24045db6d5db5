import { existsSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { delimiter, join, sep } from 'node:path'
import { beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { Leftovers } from '../scripts/leftovers.ts'
import { freePort } from './support/free-port.ts'
import { type Program, type ProgramOptions, startProgram } from './support/process.ts'
import { sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { repositoryRoot } from './support/repository.ts'
import { findProgram, requires } from './support/requires.ts'
import { temporaryFolder, temporaryFolderOfFile } from './support/temporary-folder.ts'

// What a stranger sees who clones the project on a machine with its own Node and npm. What is cloned is the last commit.

const folder = temporaryFolderOfFile()
const clone = join(folder, 'clone')
const config = join(folder, 'relay.toml')
/** PATH without the Node and the commands that this clone brings. */
const path = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((entry) => !entry.includes(`${sep}node_modules${sep}`))
  .join(delimiter)
const isGit = existsSync(join(repositoryRoot, '.git'))

beforeAll(async () => {
  if (!isGit || !findProgram('git')) return
  const git = run('git', ['clone', '--quiet', repositoryRoot, clone], { cwd: folder })
  expect(await git.exit()).toEqual({ code: 0, signal: null })
  const state = JSON.stringify(join(folder, 'state'))
  const port = await freePort()
  writeFileSync(config, `state_folder = ${state}\n[[listen]]\nhost = "127.0.0.1"\nport = ${port}\n`)
})

beforeEach((context) => {
  context.skip(!isGit, 'this is not a git clone')
  requires(context, 'git', 'npm')
})

test('npm start installs what is missing, greets, and ends with the relay on SIGTERM', {
  timeout: 180_000,
}, async () => {
  const here = new Leftovers()
  onTestFinished(() => here.kill())
  const start = run('npm', ['start', '--', '--config', config], { env: here.environment })
  await start.line(/Installing/)
  await start.line(/listens on|listening/i, 150_000)
  start.kill('SIGTERM')
  const { code, signal } = await start.exit()
  expect(signal ?? code).toBeOneOf(['SIGTERM', 0, 143])
  expect(await here.find()).toEqual([])
})

test('npm start the second time has nothing to install', async () => {
  const start = run('npm', ['start', '--', '--config', config])
  await start.line(/listens on|listening/i)
  expect(start.stdout.text).not.toContain('Installing')
})

test('the commands that npm start prints, pasted into two more terminals, send a file', async () => {
  const start = run('npm', ['start', '--', '--config', config])
  await start.line(/Ctrl-C/)
  const [receive = '', send = ''] = start.stdout.lines.filter((line) => line.startsWith('  npx msrp '))
  const file = await writeRandomFile(join(temporaryFolder(), 'from alice.bin'), 3_000_000)
  const receiver = run('sh', ['-c', receive])
  const [, path = ''] = await receiver.line(/--to ('[^']+')/, 30_000)
  const sender = run('sh', ['-c', send.replace('FILE', `'${file.path}'`).replace("'PATH'", path)])
  expect(await sender.exit(), sender.describe()).toEqual({ code: 0, signal: null })
  await receiver.line(/stored 'received\/from alice\.bin'/)
  expect(await sha256OfFile(join(clone, 'received', 'from alice.bin'))).toBe(file.sha256)
})

test('npx msrp runs on the Node of the clone, whatever Node the machine has', async () => {
  const help = run('npx', ['msrp', '--help'])
  expect(await help.exit()).toEqual({ code: 0, signal: null })
  expect(help.stdout.text).toMatch(/usage: msrp/i)
})

test('a changed lock file is installed, once', { timeout: 180_000 }, async () => {
  utimesSync(join(clone, 'package-lock.json'), new Date(), new Date())
  const first = run('node', ['scripts/prepare.mjs'])
  expect((await first.exit(150_000)).code).toBe(0)
  expect(first.stdout.text).toContain('Installing')
  const second = run('node', ['scripts/prepare.mjs'])
  expect((await second.exit()).code).toBe(0)
  expect(second.stdout.text + second.stderr.text).toBe('')
})

test('without the Node that the clone should have brought there is one line, and it says what to do', async () => {
  const node = join(clone, 'node_modules/node/bin/node')
  renameSync(node, `${node}.away`)
  const prepare = run('node', ['scripts/prepare.mjs'])
  expect((await prepare.exit()).code).toBe(1)
  expect(prepare.stderr.lines).toEqual([expect.stringMatching(/^prepare: .*Node 24.*npm ci/)])
  renameSync(`${node}.away`, node)
})

function run(command: string, args: string[], options: ProgramOptions = {}): Program {
  const lifetime = options.cwd ? 'file' : 'test'
  return startProgram(command, args, { cwd: clone, lifetime, ...options, env: { ...options.env, PATH: path } })
}
