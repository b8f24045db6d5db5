import { describe, expect, test } from 'vitest'
import {
  arrowsIn,
  brokenImportRules,
  importsOf,
  type Manifest,
  type Sources,
  unfollowedArrows,
} from './support/import-rules.ts'
import { filesBelow, readText } from './support/source-files.ts'

const manifests: Manifest[] = filesBelow('packages')
  .filter((path) => /^packages\/[^/]+\/package\.json$/.test(path))
  .map((path) => {
    const { name, exports = {}, dependencies = {} } = JSON.parse(readText(path))
    const folder = path.split('/')[1] ?? ''
    return { folder, name, entryPoints: Object.keys(exports), dependencies: Object.keys(dependencies) }
  })

const arrows = arrowsIn(readText('ARCHITECTURE.md'))

describe('imports follow the arrows of ARCHITECTURE.md', () => {
  const sources: Sources = new Map(
    filesBelow('packages')
      .filter((path) => /^packages\/[^/]+\/src\/.*\.ts$/.test(path))
      .map((path) => [path, readText(path)]),
  )

  test('in every source file', () => {
    expect(sources.size).toBeGreaterThan(3)
    expect(brokenImportRules(sources, manifests, arrows)).toEqual([])
  })

  test('and there is none that nothing follows', () => {
    expect(arrows.length).toBeGreaterThan(10)
    expect(unfollowedArrows(sources, arrows)).toEqual([])
  })

  test('and the examples use the packages as a stranger would, by their entry points', () => {
    const inside = filesBelow('examples')
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) => importsOf(readText(path)).map((specifier) => `${path} imports ${specifier}`))
      .filter((line) => /imports .*(packages\/|\/src\/)/.test(line))
    expect(inside).toEqual([])
  })
})

describe('the check finds', () => {
  const wire = 'packages/msrp/src/wire/index.ts'
  const session = 'packages/msrp/src/session/session.ts'
  const io = 'packages/msrp/src/node/tcp.ts'
  const index = 'packages/msrp/src/index.ts'
  const forwarding = 'packages/relay/src/forwarding/relay.ts'
  const users = 'packages/relay/src/users/sqlite.ts'

  test.each([
    ['an import upwards', session, "import { x } from '../node/tcp.ts'", /no arrow from .* to/],
    ['an import upwards of types alone', wire, "import type { X } from '../session/session.ts'", /no arrow from .* to/],
    ['a re-export upwards', session, "export * from '../index.ts'", /no arrow from .* to/],
    ['a lazy import upwards', session, "const x = await import('../node/tcp.ts')", /no arrow from .* to/],
    ['an import over several lines', session, "import {\n  a,\n  b,\n} from '../node/tcp.ts'", /no arrow from .* to/],
    ['the platform in wire', wire, "import { createHash } from 'node:crypto'", /pure/],
    ['the platform in session, by its type', session, "type S = import('node:net').Socket", /pure/],
    ['a side effect in wire', wire, "import 'reflect-metadata'", /pure/],
    ['the platform in forwarding', forwarding, "import net from 'node:net'", /pure/],
    ['the session library in forwarding', forwarding, "import { connect } from 'msrp'", /pure/],
    ['input and output in forwarding', forwarding, "import { users } from '../users/sqlite.ts'", /no arrow from .* to/],
    ['a path into another package', users, "import { x } from '../../../msrp/src/wire/index.ts'", /leaves its package/],
    ['a path into its own tests', session, "import { x } from '../../test/x.ts'", /leaves its package/],
    ['a name that is no entry point', users, "import { x } from 'msrp/session'", /not an entry point/],
    ['a package that is not a dependency', io, "import { x } from 'msrp-relay'", /not among the dependencies/],
    ['a missing file', session, "import { x } from './nowhere.ts'", /no such file/],
    [
      'an import sideways',
      'packages/msrp/src/browser/a.ts',
      "import { x } from '../node/tcp.ts'",
      /no arrow from .* to/,
    ],
    ['an entry point that is not for it', users, "import { x } from 'msrp/sdp'", /no arrow from .* to/],
    ['a folder without a row', 'packages/msrp/src/odd/a.ts', "import { x } from '../wire/index.ts'", /no row/],
  ])('%s', (_, file, text, expected) => {
    const tree = new Map([wire, session, io, index, forwarding, users].map((path) => [path, '']))
    tree.set(file, text)
    expect(brokenImportRules(tree, manifests, arrows)).toEqual([expect.stringMatching(expected)])
  })

  test.each([
    ['a cycle at run time', 'packages/relay/src/io/a.ts', "import { b } from './b.ts'", "export { a } from './a.ts'"],
    [
      'a cycle of folders, by types alone',
      'packages/relay/src/users/a.ts',
      null,
      "import type { a } from '../users/a.ts'",
    ],
  ])('%s', (_, a, textOfA, textOfB) => {
    const b = 'packages/relay/src/io/b.ts'
    const tree = new Map([
      [a, textOfA ?? "import type { b } from '../io/b.ts'"],
      [b, textOfB],
    ])
    expect(brokenImportRules(tree, manifests, arrows)).toEqual([
      expect.stringMatching(/cycle: .*a\.ts -> .*b\.ts -> .*a\.ts/),
    ])
  })

  test('no cycle where classes of one folder name each other’s types', () => {
    const tree = new Map([
      ['packages/msrp/src/wire/a.ts', "import { b } from './b.ts'"],
      ['packages/msrp/src/wire/b.ts', "import type {\n  a,\n} from './a.ts'"],
    ])
    expect(brokenImportRules(tree, manifests, arrows)).toEqual([])
  })

  test('nothing where all is well, nor in comments', () => {
    const tree = new Map([
      [wire, '/**\n * import { x } from "node:net"\n */\n// import "node:fs"\nexport const a = "import"\n'],
      [session, "import { a } from '../wire/index.ts'"],
      [io, "import net from 'node:net'\nimport { s } from '../session/session.ts'"],
      [index, "export { a } from './wire/index.ts'\nexport * from './node/tcp.ts'"],
      [forwarding, "import { a } from 'msrp/wire'\nimport type { Clock } from 'msrp/connection'"],
      [users, "import { r } from '../forwarding/relay.ts'\nimport { DatabaseSync } from 'node:sqlite'"],
    ])
    expect(brokenImportRules(tree, manifests, arrows)).toEqual([])
  })
})
