import { existsSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PublicModules } from '../scripts/reference/entry-points.ts'
import { guideOfEntryPoint } from '../scripts/reference/guides.ts'
import { anchorsIn, codeIn, commandsIn, headingAnchors, modulesIn, pathsIn, scriptsIn } from './support/documents.ts'
import { startMsrp } from './support/process.ts'
import { repositoryRoot } from './support/repository.ts'
import { filesBelow, readText } from './support/source-files.ts'

const documents = filesBelow('.').filter((path) => path.endsWith('.md'))
const manifests = filesBelow('packages')
  .filter((path) => path.endsWith('/package.json'))
  .map((path): { name: string; exports?: Record<string, unknown> } => JSON.parse(readText(path)))
const names = manifests.map(({ name }) => name)
const entryPoints = manifests.flatMap(({ name, exports = {} }) => Object.keys(exports).map((path) => join(name, path)))
const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> }

describe.each(documents)('%s names only', (path) => {
  const markdown = readText(path)
  const code = codeIn(markdown)

  test('entry points that exist', () => {
    const ours = modulesIn(code).filter((module) => names.includes(module.split('/')[0] ?? ''))
    expect(entryPoints).toEqual(expect.arrayContaining(ours))
  })

  test('npm scripts that exist', () => {
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(scriptsIn(code)))
  })

  test('files and folders that exist', () => {
    const beside = dirname(path)
    const missing = pathsIn(markdown).filter(
      (named) => !existsSync(join(repositoryRoot, named)) && !existsSync(join(repositoryRoot, beside, named)),
    )
    expect(missing).toEqual([])
  })

  test('headings that exist', () => {
    const missing = anchorsIn(markdown).filter(({ file, anchor }) => {
      const named = file === '' ? path : join(dirname(path), file)
      return named.endsWith('.md') && !headingAnchors(readText(named)).has(anchor)
    })
    expect(missing).toEqual([])
  })

  test('commands and options of msrp that exist', async () => {
    const unknown: string[] = []
    for (const { words, options } of commandsIn(code)) {
      const help = await helpOf(words)
      if (!help.includes(`Usage: ${['msrp', ...words].join(' ')}`)) unknown.push(['msrp', ...words].join(' '))
      unknown.push(...options.filter((option) => !help.includes(option)))
    }
    expect(unknown).toEqual([])
  })
})

describe('the guide of an entry point', () => {
  // Those that do not export anything yet need none.
  const filled = new PublicModules().entryPoints.filter(({ names }) => names.length > 0).map(({ name }) => name)

  test.each(filled)('%s has one, which names it', (name) => {
    const guide = guideOfEntryPoint[name] ?? 'none: name it in scripts/reference/guides.ts'
    expect(documents).toContain(guide)
    expect(readText(guide)).toMatch(new RegExp(`['\`]${name}['\`]`))
  })

  test('is of an entry point that exists', () => {
    expect(entryPoints).toEqual(expect.arrayContaining(Object.keys(guideOfEntryPoint)))
  })
})

const helps = new Map<string, Promise<string>>()

function helpOf(words: string[]): Promise<string> {
  const key = words.join(' ')
  const known = helps.get(key)
  if (known) return known
  const program = startMsrp([...words, '--help'])
  const help = program.exit().then(() => program.stdout.text)
  helps.set(key, help)
  return help
}

describe('a folder of one machine', () => {
  const clone = resolve(repositoryRoot)
  // The folder around the clone counts as well, unless it is one that every system has.
  const around = [dirname(clone)].filter((path) => !['/opt', '/srv', '/mnt', '/usr/src', tmpdir()].includes(path))
  const here = naming([clone, ...around, homedir()].filter((path) => path !== '/').map(escaped))
  const anyHome = naming(['/root', '/home/\\w+', '/Users/\\w+'])
  const named = (path: string, text: string): string | undefined =>
    // Tests may make up a home.
    (here.exec(text) ?? (path.includes('/test/') ? undefined : anyHome.exec(text)))?.[0]

  test('is named in no file', () => {
    const files = [...['packages', 'examples', 'docs', 'scripts', '.ci'].flatMap(filesBelow), ...documents]
    const found = files.map((path) => ({ path, names: named(path, readText(path)) }))
    expect(found.filter(({ names }) => names !== undefined)).toEqual([])
  })

  test.each([`see ${clone}/README.md`, `cd ${homedir()}`, '(/home/anna/b)', 'see /Users/bob'])(
    'would be found in: %s',
    (text) => {
      expect(named('README.md', text)).toBeDefined()
    },
  )

  test.each(['import ./homedir', 'test/root.ts', '/etc/msrp', 'https://example.org/home', '/rooted'])(
    'is not seen in: %s',
    (text) => {
      expect(named('README.md', text)).toBeUndefined()
    },
  )
})

function naming(folders: readonly string[]): RegExp {
  return new RegExp(`(?<![\\w.-])(?:${folders.join('|')})(?![\\w-])`)
}

function escaped(path: string): string {
  return path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

describe('the check of documents finds', () => {
  const markdown = [
    "Import `x` from `msrp/wire`: `import { x } from 'msrp/wire'`, see [the map](ARCHITECTURE.md#layers) and `scripts/a.ts`.",
    '```sh',
    '$ npm run check && npm test',
    'npx msrp send photo.jpg --to PATH \\',
    '  --insecure',
    'MSRP_PASSWORD=x msrp relay user add NAME@DOMAIN',
    '```',
    "```ts\nconst { connect } = await import('msrp')\n```",
  ].join('\n')
  const code = codeIn(markdown)

  test('modules', () => expect(modulesIn(code).sort()).toEqual(['msrp', 'msrp/wire']))
  test('npm scripts', () => expect(scriptsIn(code)).toEqual(['check', 'test']))
  test('files and links', () => expect(pathsIn(markdown)).toEqual(['scripts/a.ts', 'ARCHITECTURE.md']))
  test('headings', () => {
    expect(anchorsIn(markdown)).toEqual([{ file: 'ARCHITECTURE.md', anchor: 'layers' }])
    const text = '# The `msrp` map\n## What it is, and isn’t\n## Layers\n```sh\n# no heading\n```\n## Layers'
    expect([...headingAnchors(text)]).toEqual(['the-msrp-map', 'what-it-is-and-isnt', 'layers', 'layers-1'])
  })
  test('calls of msrp', () =>
    expect(commandsIn(code)).toEqual([
      { words: ['send'], options: ['--to', '--insecure'] },
      { words: ['relay', 'user', 'add'], options: [] },
    ]))
})
