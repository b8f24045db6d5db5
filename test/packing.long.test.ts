import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { beforeAll, describe, expect, test } from 'vitest'
import { FOR_NODE } from '../scripts/bundle.ts'
import { type Program, startProgram } from './support/process.ts'
import { repositoryRoot } from './support/repository.ts'
import { readText } from './support/source-files.ts'
import { temporaryFolderOfFile } from './support/temporary-folder.ts'

// What is published is not what runs in the clone: Node strips no types below node_modules. So the tarballs are installed
// where nothing of the clone can be reached, and used as a stranger would, on the oldest Node that is supported and on
// the one that the clone runs on.

interface Manifest {
  name: string
  version: string
  engines: { node: string }
  bin?: Record<string, string>
  exports?: Record<string, unknown>
  dependencies?: Record<string, string>
}

const manifests: Manifest[] = readdirSync(join(repositoryRoot, 'packages')).map((folder) =>
  JSON.parse(readText(`packages/${folder}/package.json`)),
)
const names = manifests.map(({ name }) => name)
const entryPoints = manifests.flatMap(({ name, exports = {} }) =>
  Object.keys(exports).map((path) => join(name, path).replaceAll('\\', '/')),
)
const library = entryPoints.filter((name) => /^msrp(\/|$)/.test(name))
const oldest = /^>=(\d+\.\d+)$/.exec(manifests[0]?.engines.node ?? '')?.[1] ?? ''

const folder = temporaryFolderOfFile()
const tarballs = join(folder, 'tarballs')
const stranger = join(folder, 'stranger')
const nodes: Record<string, string> = {
  [oldest]: join(folder, 'oldest-node/node_modules/node/bin/node'),
  [process.version]: process.execPath,
}

beforeAll(async () => {
  await succeed(start(process.execPath, ['scripts/pack.ts', '--out', tarballs], repositoryRoot))
  const packed = readdirSync(tarballs).map((file) => join(tarballs, file))
  expect(packed).toHaveLength(manifests.length)
  await install(stranger, packed)
  await install(join(folder, 'oldest-node'), [`node@${oldest}`])
  await install(join(folder, 'older-compiler'), ['typescript@5.9'])
}, 180_000)

test('each package supports the same oldest Node', () => {
  expect(oldest).toMatch(/^\d+\.\d+$/)
  for (const { engines } of manifests) expect(engines.node).toBe(`>=${oldest}`)
})

describe.each(names)('the tarball of %s', (name) => {
  const installed = join(stranger, 'node_modules', name)

  test('pleases publint', async () => {
    const manifest: Manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
    const bytes = readFileSync(join(tarballs, `${name}-${manifest.version}.tgz`))
    const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
    const { messages } = await publint({ pack: { tarball }, strict: true })
    expect(messages.map((message) => formatMessage(message, manifest, { color: false }))).toEqual([])
  })

  test('holds what was compiled, its types, the licence and nothing else', () => {
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1))
    expect(files).toContain('LICENSE')
    const odd = files.filter((file) => !/^dist\/.+\.(js|d\.ts)$|^(LICENSE|README\.md|package\.json)$/.test(file))
    expect(odd).toEqual([])
  })

  test('wants exactly this release of the other packages', () => {
    const manifest: Manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
    for (const [dependency, wanted] of Object.entries(manifest.dependencies ?? {})) {
      if (names.includes(dependency)) expect(wanted).toBe(manifest.version)
    }
  })
})

describe.each(Object.keys(nodes))('on Node %s', (version) => {
  const node = nodes[version] ?? ''

  test('it is that Node', async () => {
    expect((await succeed(start(node, ['--version'], stranger))).replace('v', '')).toContain(version.replace('v', ''))
  })

  test.each(entryPoints)('%s can be imported and has all that it has in the clone', async (entryPoint) => {
    const script = `console.log(Object.keys(await import('${entryPoint}')).sort().join(' '))`
    const args = ['--input-type=module', '--eval', script]
    const here = await succeed(start(process.execPath, args, join(repositoryRoot, 'packages/cli')))
    expect(here.trim()).not.toBe('')
    expect(await succeed(start(node, args, stranger))).toBe(here)
  })

  test('msrp --help runs', async () => {
    const manifest: Manifest = JSON.parse(readFileSync(join(stranger, 'node_modules/msrp-cli/package.json'), 'utf8'))
    const main = join(stranger, 'node_modules/msrp-cli', manifest.bin?.msrp ?? '')
    expect(await succeed(start(node, [main, '--help'], stranger))).toMatch(/usage: msrp/i)
  })
})

test('the installed command can be called by its name', async () => {
  expect(await succeed(start(join(stranger, 'node_modules/.bin/msrp'), ['--help'], stranger))).toMatch(/usage: msrp/i)
})

// As those who use the packages compile: libraries are checked too, and nothing is there but what the packages bring.
describe.each(['7', '5.9'])('with TypeScript %s', (version) => {
  const compiler = version === '7' ? repositoryRoot : join(folder, 'older-compiler')

  test.each([
    ['of msrp', 'nodenext', library, ['node']],
    ['of msrp', 'bundler', library, ['node']],
    ['of msrp for browsers', 'bundler', library.filter((name) => !FOR_NODE.includes(name)), []],
    // Those of the packages that the relay needs are not ours to check.
    ['of the relay', 'nodenext', entryPoints.filter((name) => !library.includes(name)), ['node']],
  ])('the types of every entry point %s are found, by %s', async (_, moduleResolution, names, types) => {
    const lines = names.map((name, index) => `import * as entry${index} from '${name}'\nvoid entry${index}\n`)
    writeFileSync(join(stranger, 'uses.mts'), lines.join(''))
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: 'es2022',
      lib: ['es2024', 'esnext.disposable', 'dom', 'dom.iterable', 'dom.asynciterable'],
      module: moduleResolution === 'bundler' ? 'esnext' : 'nodenext',
      moduleResolution,
      typeRoots: [join(repositoryRoot, 'node_modules/@types')],
      types,
      skipLibCheck: !names.some((name) => library.includes(name)),
    }
    writeFileSync(join(stranger, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['uses.mts'] }))
    await succeed(start(process.execPath, [join(compiler, 'node_modules/typescript/bin/tsc')], stranger))
  })
})

test('npm pack in a package, which would pack the sources, refuses and says what to do', async () => {
  const pack = start('npm', ['pack', '--dry-run'], join(repositoryRoot, 'packages/msrp'))
  expect((await pack.exit()).code).not.toBe(0)
  expect(pack.stderr.text).toContain('npm run pack')
})

/** Installs into a new folder; from the cache what is there. */
async function install(into: string, packages: string[]): Promise<void> {
  mkdirSync(into)
  writeFileSync(join(into, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }))
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', ...packages]
  await succeed(start('npm', args, into), 120_000)
}

function start(command: string, args: string[], cwd: string): Program {
  return startProgram(command, args, { cwd, lifetime: 'file' })
}

/** Standard output of a program that must end well. */
async function succeed(program: Program, milliseconds = 60_000): Promise<string> {
  const { code } = await program.exit(milliseconds)
  if (code !== 0) throw new Error(program.describe())
  return program.stdout.text
}
