import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Origin, PublicModules } from '../scripts/reference/entry-points.ts'
import { REFERENCE_FOLDER, referencePages } from '../scripts/reference/page.ts'
import { repositoryRoot } from './support/repository.ts'
import { filesBelow, readText } from './support/source-files.ts'

const modules = new PublicModules()
const pages = referencePages(modules)

describe('The reference of what the packages export', () => {
  test.each(Object.keys(pages))('%s says what the sources say; if not: npm run reference', (path) => {
    expect(existsSync(join(repositoryRoot, path)), path).toBe(true)
    expect(readText(path)).toBe(pages[path])
  })

  test('has no page of an entry point that is gone', () => {
    expect(filesBelow(REFERENCE_FOLDER)).toEqual(Object.keys(pages).sort())
  })

  test.each(modules.entryPoints)('$name: each name that it exports has a docstring', ({ name }) => {
    expect(modules.undocumented().filter((one) => one.startsWith(`${name}: `))).toEqual([])
  })

  test('each entry point of msrp says what it is at its top', () => {
    const silent = modules.entryPoints.filter(({ names, module }) => names.length > 0 && module.about === undefined)
    expect(silent.map(({ name }) => name)).toEqual([])
  })

  test('what msrp exports names no type that its users cannot name', () => {
    // Only for the library itself: nobody else makes an endpoint on a platform of its own.
    const known = ['msrp/node: nodePlatform names ']
    const ours = modules.nameless().filter((one) => /^msrp[:/]/.test(one))
    expect(ours.filter((one) => !known.some((start) => one.startsWith(start)))).toEqual([])
  })

  test('no name stands for two things, but in msrp/browser for what a browser has instead', () => {
    const others = modules.entryPoints.filter(({ name }) => name !== 'msrp/browser')
    const exported = others.flatMap(({ name: entry, names }) => names.map((one) => ({ entry, ...one })))
    const clashes = [...Map.groupBy(exported, ({ name }) => name).values()].filter(
      ([first, ...rest]) => !rest.every(({ origin }) => isSame(origin, first?.origin)),
    )
    expect(clashes.map((places) => places.map(({ entry, name }) => `${entry}: ${name}`))).toEqual([])
  })
})

function isSame(one: Origin, other: Origin | undefined): boolean {
  return one.module === other?.module && one.local === other.local
}

test('A page has signatures with links, docstrings, members that are for others, and names what has none', () => {
  const sample = new PublicModules(new Map([['sample', 'test/support/sample-package/index.ts']]))
  expect(sample.undocumented()).toEqual(['sample: LARGEST'])
  expect(sample.nameless()).toEqual(['sample: Letter names Open'])
  expect(referencePages(sample, { sample: 'docs/sample.md' })['docs/api/sample.md']).toMatchInlineSnapshot(`
    "# sample

    <!-- Made by npm run reference from the docstrings in packages/*/src; changes belong there. -->

    What the test of the reference reads. It is not run.

    [guide](../sample.md) · [all entry points](README.md)

    **Functions:** [send](#send)

    **Classes:** [Post](#post), [Receipt](#receipt)

    **Types:** [Letter](#letter), [Writer](#writer)

    **Constants:** [LARGEST](#largest)

    ## Functions

    ### send

    <code>send(letter: [Letter](#letter), urgent?: boolean): Promise&lt;[Post](#post)&gt;</code>

    Sends a [\`Letter\`](#letter), see [\`Post.box\`](#post).

    Throws \`MsrpError\` \`refused\` when it is < 1 gram

    <code>send(letters: readonly [Letter](#letter)\\[\\]): Promise&lt;[Post](#post)&gt;</code>

    Sends many.

    ## Classes

    ### Post

    <code>class Post implements Iterable&lt;[Letter](#letter)&gt;</code>

    Where letters go.

    - <code>size: number</code>\\
      How many.
    - <code>onLetter: ((letter: [Letter](#letter)) =&gt; void) | undefined</code> (may be assigned)\\
      Called for each.
    - <code>new Post(first: [Letter](#letter))</code>
    - <code>static box(name: string): [Post](#post)</code>\\
      <code>static box(name: string, size: number): [Post](#post)</code>\\
      A place for them.
    - <code>\\[Symbol.iterator\\](): Iterator&lt;[Letter](#letter)&gt;</code>

    ### Receipt

    <code>class Receipt</code>

    What a [\`Post\`](#post) gives. It makes them itself.

    - <code>number: number</code>

    ## Types

    ### Letter

    <code>type Letter = Open | { readonly kind: 'closed'; readonly sender: [Sender](#writer) }</code>

    Something to be sent.

    ### Writer

    <code>interface Sender extends Record&lt;string, unknown&gt;</code>

    Who wrote a [\`Letter\`](#letter).

    - <code>name: string</code>

    ## Constants

    ### LARGEST

    <code>const LARGEST = 100</code>
    "
  `)
})
