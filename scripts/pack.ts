// npm run pack [-- --out FOLDER]: builds the packages and packs them as they are published, one tarball each, below
// `dist/` or FOLDER; prints the tarballs' paths. Publish those: npm publish dist/msrp-0.1.0.tgz
//
// In the clone, package.json points at the TypeScript sources, which Node runs as they are; but it refuses to strip
// types below node_modules, so what is published must be JavaScript. The packages are put together in a folder of their
// own: nothing in the clone is rewritten, hence nothing must be restored, and programs that run from it are not disturbed.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { publishedManifest, type SourceManifest, versionConflicts } from './published-manifest.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist') } } })
const out = resolve(values.out)

const packages = readdirSync(join(root, 'packages')).map((folder) => ({
  folder: join(root, 'packages', folder),
  manifest: JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')) as SourceManifest,
}))

const staging = mkdtempSync(join(tmpdir(), 'msrp-pack-'))
// A signal goes the same way as an error, through `process.exit`, so that the folder never stays.
process.on('exit', () => rmSync(staging, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))

const conflicts = versionConflicts(packages.map(({ manifest }) => manifest))
if (conflicts.length > 0) fail(conflicts.join('\n'))

const built = join(staging, 'built')
build(built)
mkdirSync(out, { recursive: true })
for (const { folder, manifest } of packages) console.log(pack(folder, manifest))

/** One compilation for all packages: they import each other, and each lands in `built/NAME/src`. */
function build(outDir: string): void {
  const config = join(staging, 'tsconfig.json')
  const compilerOptions = {
    noEmit: false,
    rootDir: join(root, 'packages'),
    outDir,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  }
  const include = packages.map(({ folder }) => join(folder, 'src'))
  writeFileSync(config, JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include }))
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', config], root)
}

/** Puts one package together and packs it; returns the tarball's path. */
function pack(folder: string, manifest: SourceManifest): string {
  const name = folder.slice(folder.lastIndexOf('/') + 1)
  const target = join(staging, name)
  cpSync(join(built, name, 'src'), join(target, 'dist'), { recursive: true })
  cpSync(join(root, 'LICENSE'), join(target, 'LICENSE'))
  for (const file of readdirSync(folder)) {
    if (/^(README|CHANGELOG)\.md$/.test(file)) cpSync(join(folder, file), join(target, file))
  }
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`)
  const listed = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', out], target))
  return join(out, listed[0].filename)
}

function run(command: string, args: string[], cwd: string): string {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (error || status !== 0)
    fail(`${stdout ?? ''}\n${command} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}`)
  return stdout
}

function fail(why: string): never {
  console.error(`pack: ${why.trim()}`)
  process.exit(1)
}
