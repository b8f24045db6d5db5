// What `npm test` runs. Every step runs even when an earlier one failed; the exit code is 1 when any did.
//   --check   types, lint and format only
//   --long    the long tests only
// What failed is said again at the end, and appended to the file that TEST_FAILURES names, if it names one.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Leftovers } from './leftovers.ts'

interface Step {
  name: string
  command: string[]
}

const root = fileURLToPath(new URL('..', import.meta.url))

// By file and not through node_modules/.bin: the links' shebangs would ask PATH for a `node`, which outside of npm is
// the machine's own.
const tsc = ['node_modules/typescript/bin/tsc']
const biome = ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings']
const vitest = (project: string): string[] => [
  'node_modules/vitest/vitest.mjs',
  'run',
  `--project=${project}`,
  '--allowOnly=false',
  '--reporter=default',
  '--reporter=./scripts/skipped-tests.ts',
  '--reporter=./scripts/test-names.ts',
  '--reporter=./scripts/failed-tests.ts',
]

/** Of this run alone; holds the names of its tests for the last step, and what failed. */
const folder = mkdtempSync(join(tmpdir(), 'msrp-test-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const names = join(folder, 'names')
const failures = join(folder, 'failures')

const check: Step[] = [
  { name: 'types', command: tsc },
  { name: 'lint and format', command: biome },
]
const standard: Step[] = [
  ...check,
  { name: 'unit and state tests', command: vitest('unit') },
  { name: 'end-to-end tests', command: vitest('end-to-end') },
  { name: 'start of the real program', command: ['scripts/start-relay-once.ts'] },
  { name: 'conformance tables', command: ['scripts/conformance.ts', `--names=${names}`] },
]
const long: Step[] = [{ name: 'long tests', command: vitest('long') }]

const { values } = parseArgs({ options: { check: { type: 'boolean' }, long: { type: 'boolean' } } })
const steps = values.check ? check : values.long ? long : standard

const leftovers = new Leftovers()
let current: ChildProcess | undefined
let interrupted: NodeJS.Signals | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt(signal))

const started = performance.now()
const there = new Set(readdirSync(root))
const failed: string[] = []
for (const step of steps) {
  if (!(await run(step))) failed.push(step.name)
  if (interrupted) break
}

if (interrupted) {
  leftovers.kill()
  console.error(`\nstopped by ${interrupted}`)
  process.exit(128 + constants.signals[interrupted])
}

// What a relay or a receiver leaves here would be what a user's own finds next.
const files = readdirSync(root).filter((name) => !there.has(name))
for (const name of files) console.error(`left behind: ${name}`)
if (files.length > 0) failed.push('no file left behind')

if (Leftovers.supported) {
  const found = await leftovers.find({ unowned: process.env.CI === 'true' })
  for (const line of found) console.error(`left behind: ${line}`)
  if (found.length > 0) failed.push('nothing left behind')
  leftovers.kill()
} else {
  console.log('not checked for processes left behind: this system has no /proc')
}

if (failed.length === 0) {
  console.log(`\nAll passed in ${seconds(started)}.`)
} else {
  const details = existsSync(failures) ? readFileSync(failures, 'utf8') : ''
  const summary = `FAILED: ${failed.join(', ')} (${seconds(started)}).\n${details.replace(/^/gm, '  ').trimEnd()}`
  console.log(`\n${summary}`)
  if (process.env.TEST_FAILURES) appendFileSync(process.env.TEST_FAILURES, `${summary}\n`)
  process.exitCode = 1
}

async function run({ name, command }: Step): Promise<boolean> {
  const begin = performance.now()
  console.log(`\n── ${name}`)
  // A process group of its own, so that an interrupted step ends with all its children.
  current = spawn(process.execPath, command, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...leftovers.environment, TEST_NAMES: names, TEST_FAILURES: failures },
    detached: true,
  })
  const [code] = await once(current, 'close')
  current = undefined
  console.log(`── ${name}: ${code === 0 ? 'ok' : 'FAILED'}, ${seconds(begin)}`)
  return code === 0
}

function interrupt(signal: NodeJS.Signals): void {
  interrupted ??= signal
  signalGroup('SIGTERM')
  setTimeout(() => signalGroup('SIGKILL'), 5_000).unref()
}

function signalGroup(signal: NodeJS.Signals): void {
  try {
    if (current?.pid) process.kill(-current.pid, signal)
  } catch {
    // The group has just ended.
  }
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
