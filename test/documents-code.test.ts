import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { PublicModules, valuesOf } from '../scripts/reference/entry-points.ts'
import { codeBlocks } from './support/code-blocks.ts'
import { startProgram } from './support/process.ts'
import { repositoryRoot } from './support/repository.ts'
import { filesBelow, readText } from './support/source-files.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

/** What of ours documents take for granted that the reader has, by its type. Anything else that they do not declare is his. */
const variables = {
  endpoint: "import('msrp').Endpoint",
  session: "import('msrp').Session",
  prepared: "import('msrp').PreparedSession",
  message: "import('msrp').IncomingMessage",
  sent: "import('msrp').OutgoingMessage",
  relay: "import('msrp').RelayOptions",
  path: 'string',
  file: 'File',
  signal: 'AbortSignal',
  bytes: 'Uint8Array',
  // Names that browsers have too.
  self: 'string',
}

/** `Cannot find name`, in its three forms. */
const unknownName = /: error TS(?:2304|2552|18004): /

const documents = filesBelow('.').filter((path) => path.endsWith('.md') && !path.startsWith('docs/api/'))

test('the code in the documents is what the compiler takes', async () => {
  const imports = new Map<string, string>()
  for (const entryPoint of new PublicModules().entryPoints)
    for (const name of valuesOf(entryPoint)) if (!imports.has(name)) imports.set(name, entryPoint.name)

  const folder = temporaryFolder()
  const files: string[] = []
  for (const document of documents) {
    for (const { line, module } of codeBlocks(readText(document), { imports, variables })) {
      const file = `${document}.${line}.ts`
      files.push(file)
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), module)
    }
  }
  expect(files.length).toBeGreaterThan(10)
  symlinkSync(join(repositoryRoot, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  // A document may leave types to be seen from what is around, and show parameters that it does nothing with.
  const lenient = { noImplicitAny: false, noUnusedLocals: false, noUnusedParameters: false }
  const compilerOptions = { ...lenient, isolatedDeclarations: false, declaration: false }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(repositoryRoot, 'tsconfig.json'), compilerOptions, files, include: [] }),
  )
  const tsc = join(repositoryRoot, 'node_modules/typescript/bin/tsc')
  const compiler = startProgram(process.execPath, [tsc, '--pretty', 'false'], { cwd: folder })
  await compiler.exit()
  // `docs/cpim.md.42.ts(45,3): error` is line 45 of docs/cpim.md.
  const flaws = compiler.stdout.lines.filter((line) => !unknownName.test(line))
  expect(flaws.map((line) => line.replace(/\.\d+\.ts\((\d+),\d+\)/, ':$1'))).toEqual([])
})

test('a block is a module at its own lines, after what it takes for granted and does not declare', () => {
  const markdown = [
    'Text.',
    '```ts',
    "import { parseCpim } from 'msrp/cpim'",
    'const { session, rest: [path] } = await open()',
    'parseCpim(session, path, message, connect(nobody))',
    '```',
    '```sh',
    'msrp chat',
    '```',
  ].join('\n')
  const imports = new Map(['connect', 'parseCpim'].map((name) => [name, 'msrp']))
  const [block, ...others] = codeBlocks(markdown, { imports, variables })
  expect(others).toEqual([])
  expect(block?.line).toBe(3)
  const [granted, ...lines] = block?.module.split('\n') ?? []
  expect(granted).toBe(
    "export {};declare const message: import('msrp').IncomingMessage; import { connect } from 'msrp';",
  )
  expect(lines.slice(1, 4)).toEqual(markdown.split('\n').slice(2, 5))
})
