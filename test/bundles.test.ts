import { expect, test } from 'vitest'
import { bundle, FOR_NODE } from '../scripts/bundle.ts'
import { PublicModules } from '../scripts/reference/entry-points.ts'
import { startProgram } from './support/process.ts'
import { repositoryRoot } from './support/repository.ts'

const entryPoints = new PublicModules().entryPoints.map(({ name }) => name).filter((name) => /^msrp(\/|$)/.test(name))
const forBrowsers = entryPoints.filter((name) => !FOR_NODE.includes(name))

test.each(forBrowsers)('%s needs nothing but a browser', async (name) => {
  expect((await bundle(`export * from '${name}'`, 'browser')).foreign).toEqual([])
})

test.each(FOR_NODE)('%s needs nothing but Node and ws', async (name) => {
  const { foreign } = await bundle(`export * from '${name}'`, 'node')
  expect(foreign).toEqual(expect.arrayContaining(['node:net', 'ws']))
  expect(foreign.filter((one) => !one.startsWith('node:') && one !== 'ws')).toEqual([])
})

test.each(entryPoints)('%s costs nothing where none of its names is used', async (name) => {
  const { files } = await bundle(`import '${name}'`, FOR_NODE.includes(name) ? 'node' : 'browser')
  expect(files).toEqual([])
})

// Folders below packages/msrp/src of which one function must not bring anything.
test.each([
  ['MsrpUri', 'msrp/wire', ['connection', 'session']],
  ['parseCpim', 'msrp/cpim', ['connection', 'session']],
  ['Outbox', 'msrp/connection', ['session', 'cpim']],
])('%s of %s brings nothing of %j along', async (name, entryPoint, folders) => {
  const { files } = await bundle(`export { ${name} } from '${entryPoint}'`, 'browser')
  expect(files.length).toBeGreaterThan(0)
  expect(files.filter((file) => folders.some((folder) => file.startsWith(`packages/msrp/src/${folder}/`)))).toEqual([])
})

test('npm run sizes prints a line for each name of an entry point', async () => {
  const program = startProgram(process.execPath, ['scripts/sizes.ts', 'msrp/cpim'], { cwd: repositoryRoot })
  expect((await program.exit()).code, program.describe()).toBe(0)
  const lines = program.stdout.lines.flatMap((line) => /^(\S+)(?: +[\d,]+){4}(?: |$)/.exec(line)?.[1] ?? [])
  expect(lines).toEqual(expect.arrayContaining(['parseCpim', 'openCpim', 'CPIM_TYPE']))
})
