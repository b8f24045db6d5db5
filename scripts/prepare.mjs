// What every npm script runs first, on whatever Node the machine has (20 or newer), before anything is installed. So: no
// dependency, no TypeScript, nothing newer than Node 20. (Called by the scripts and not by `prestart` and its like, which
// npm passes over when its setting ignore-scripts is on.)
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)
const wantedMajor = 24

// npm writes this file last, so it also tells an interrupted install from a complete one.
if (modified('node_modules/.package-lock.json') < modified('package-lock.json')) install()
checkNode()

function install() {
  console.log('Installing what package-lock.json lists (a minute or so, only when it has changed) …')
  // The npm that runs this script, not another one that may come first on PATH.
  const npm = process.env.npm_execpath
  const [command, ...args] = npm ? [process.execPath, npm] : ['npm']
  const { error, signal, status } = spawnSync(command, [...args, 'ci', '--loglevel=error'], {
    cwd: fileURLToPath(root),
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (signal) process.exit(signal === 'SIGINT' ? 130 : 143)
  if (error || status !== 0)
    fail(`npm ci failed (${error ? error.message : `exit code ${status}`}); see its message above`)
}

/** The scripts run on the Node that the dependency `node` brings; without its install step they would get the machine's. */
function checkNode() {
  const { stdout } = spawnSync(fileURLToPath(new URL('node_modules/.bin/node', root)), ['--version'], {
    encoding: 'utf8',
  })
  const version = (stdout ?? '').trim()
  if (version.startsWith(`v${wantedMajor}.`)) return
  fail(
    `node_modules/.bin/node should be Node ${wantedMajor} but is ${version || 'missing'}: ` +
      'npm has not run the install step of the package "node". Allow it with: npm ci --ignore-scripts=false',
  )
}

function modified(path) {
  try {
    return statSync(new URL(path, root)).mtimeMs
  } catch {
    return 0
  }
}

function fail(why) {
  console.error(`prepare: ${why}`)
  process.exit(1)
}
