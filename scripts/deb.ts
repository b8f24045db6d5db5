// npm run deb [-- --out FOLDER]: the Debian package msrp-relay below `dist/` or FOLDER, for the architecture of this machine;
// prints its path. It brings the programs as they are published, what they need, and the Node that runs the clone. The same
// clone gives the same package, byte for byte: times are those of SOURCE_DATE_EPOCH, else of the last commit.
//   --version VERSION       another version than that of the packages
//   --compression METHOD    xz (the default), gzip or none
import { type SpawnSyncOptions, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { copyrightFile } from './deb/copyright.ts'
import { PackageTree } from './deb/package-tree.ts'
import { type Module, productionModules, readManifest } from './deb/production-modules.ts'
import { manPages } from './man/pages.ts'
import { manSource } from './man/source.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'dist') },
    version: { type: 'string' },
    compression: { type: 'string', default: 'xz' },
  },
})
const out = resolve(values.out)
const library = 'usr/lib/msrp-relay'
const conffile = 'etc/msrp-relay/relay.toml'
/** What Debian calls the processors that there is a Node for. */
const architectures: Record<string, string> = { x64: 'amd64', arm64: 'arm64', ppc64: 'ppc64el', s390x: 's390x' }

const architecture = architectures[process.arch] ?? ''
if (process.platform !== 'linux' || architecture === '')
  fail(`there is no Debian for ${process.platform} on ${process.arch}`)
const manifests = readdirSync(join(root, 'packages')).map((folder) => readManifest(join(root, 'packages', folder)))
// In Debian's order of versions a tilde comes before everything, as what follows a hyphen does in ours.
const version = (values.version ?? manifests[0]?.version ?? '').replaceAll('-', '~')
const epoch = process.env.SOURCE_DATE_EPOCH ?? output('git', ['log', '-1', '--format=%ct'], { cwd: root }).trim()
if (!/^\d+$/.test(epoch)) fail(`SOURCE_DATE_EPOCH must be whole seconds since 1970, not ${epoch}`)
const date = new Date(Number(epoch) * 1000)

const work = mkdtempSync(join(tmpdir(), 'msrp-deb-'))
// A signal goes the same way as an error, through `process.exit`, so that the folder never stays.
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))

const tree = new PackageTree(join(work, 'tree'))
const modules = putPrograms()
putSystemFiles()
putDocuments(modules, nodeLicense())
putControl()
tree.evenOut(date)
const file = join(out, `msrp-relay_${version}_${architecture}.deb`)
mkdirSync(out, { recursive: true })
output('dpkg-deb', ['--root-owner-group', `-Z${values.compression}`, '--build', tree.folder, file], {
  env: { ...process.env, SOURCE_DATE_EPOCH: epoch },
})
console.log(file)

/** Node, the packages as `npm run pack` makes them, and beside them what they need. */
function putPrograms(): Module[] {
  tree.put(`${library}/node`, readFileSync(process.execPath), 0o755)
  tree.put(
    'usr/bin/msrp',
    `#!/bin/sh\nexec /${library}/node /${library}/node_modules/msrp-cli/dist/main.js "$@"\n`,
    0o755,
  )
  const packed = join(work, 'packed')
  output(process.execPath, [join(root, 'scripts/pack.ts'), '--out', packed])
  for (const { name, version } of manifests) {
    tree.makeFolder(`${library}/node_modules/${name}`)
    const folder = tree.at(`${library}/node_modules/${name}`)
    output('tar', ['-xzf', join(packed, `${name}-${version}.tgz`), '--strip-components=1', '-C', folder])
    // Each package brings the same one.
    tree.remove(`${library}/node_modules/${name}/LICENSE`)
  }
  const found = productionModules(root, manifests, new Set(manifests.map(({ name }) => name)))
  // Modules within modules are in the list by themselves; types, maps, tests and texts are not run.
  const leaveOut = (path: string): boolean =>
    /^(node_modules|tests?|docs?|benchmarks?|examples?|\.[^/]+)(\/|$)|\.([cm]?ts|map|md|flow|html|sh)$/i.test(path)
  for (const { path } of found) tree.copy(join(root, path), `${library}/${path}`, leaveOut)
  for (const path of tree.files()) {
    if (path.startsWith(`${library}/node_modules/`) && /\.d\.ts$/.test(path)) tree.remove(path)
  }
  return found
}

/** Only the package of Node's builds holds its licence; npm keeps that package from installing it. */
function nodeLicense(): string {
  const name = `node-linux-${process.arch}@${process.versions.node}`
  const tarball = output('npm', ['pack', '--prefer-offline', '--silent', name], { cwd: work }).trim()
  return output('tar', ['-xzOf', join(work, tarball), 'package/LICENSE'])
}

function putSystemFiles(): void {
  tree.put('lib/systemd/system/msrp-relay.service', source('packaging/msrp-relay.service'))
  tree.put(conffile, source('packaging/debian/relay.toml'))
  tree.makeFolder('etc/msrp-relay/tls')
  const completion = (shell: string): string =>
    output(process.execPath, [join(root, 'packages/cli/src/main.ts'), 'completion', shell])
  tree.put('usr/share/bash-completion/completions/msrp', completion('bash'))
  tree.put('usr/share/zsh/vendor-completions/_msrp', completion('zsh'))
  tree.put('usr/share/fish/vendor_completions.d/msrp.fish', completion('fish'))
}

function putDocuments(modules: readonly Module[], license: string): void {
  const day = date.toISOString().slice(0, 10)
  for (const [name, text] of Object.entries(manPages(manSource({ version, date: day })))) {
    tree.put(`usr/share/man/man${name.at(-1)}/${name}.gz`, gzip(text))
  }
  const documents = 'usr/share/doc/msrp-relay'
  tree.put(`${documents}/examples/relay.example.toml`, source('packages/relay/src/config/relay.example.toml'))
  const node = { version: process.versions.node, license }
  tree.put(`${documents}/copyright`, copyrightFile({ root, license: source('LICENSE'), node, modules }))
  const maintainer = /^Maintainer: (.*)$/m.exec(source('packaging/debian/control'))?.[1]
  const when = date.toUTCString().replace('GMT', '+0000')
  const news = `msrp-relay (${version}) unstable; urgency=medium\n\n  * What is new: CHANGELOG.md of the sources.\n\n -- ${maintainer}  ${when}\n`
  tree.put(`${documents}/changelog.gz`, gzip(news))
  tree.put('usr/share/lintian/overrides/msrp-relay', source('packaging/debian/lintian-overrides'))
}

function putControl(): void {
  tree.put('DEBIAN/conffiles', `/${conffile}\n`)
  for (const script of ['postinst', 'prerm', 'postrm'])
    tree.put(`DEBIAN/${script}`, source(`packaging/debian/${script}`), 0o755)
  tree.put('DEBIAN/md5sums', tree.checksums(new Set([conffile])))
  const facts: Record<string, string> = { version, architecture, size: String(tree.size) }
  const control = source('packaging/debian/control').replace(/\{\{(\w+)\}\}/g, (_, name: string) => facts[name] ?? '')
  tree.put('DEBIAN/control', control)
}

function source(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

function gzip(text: string): Buffer {
  // Node writes no name and no time.
  return gzipSync(text, { level: 9 })
}

function output(command: string, args: string[], options: SpawnSyncOptions = {}): string {
  const { status, stdout, error } = spawnSync(command, args, {
    ...options,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (error || status !== 0) fail(`${command} ${args.join(' ')}: ${error?.message ?? `exit code ${status}\n${stdout}`}`)
  return stdout
}

function fail(why: string): never {
  console.error(`deb: ${why.trim()}`)
  process.exit(1)
}
