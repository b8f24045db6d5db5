// npm run sizes [-- ENTRY-POINT …]: what an application loads for each entry point of `msrp` when it uses all of it. With the
// names of entry points: what each single name of them brings along.
import { parseArgs } from 'node:util'
import { bundle, FOR_NODE } from './bundle.ts'
import { PublicModules, valuesOf } from './reference/entry-points.ts'

const { positionals } = parseArgs({ allowPositionals: true })
const library = new PublicModules().entryPoints.filter(({ name }) => /^msrp(?:\/|$)/.test(name))
const unknown = positionals.filter((wanted) => !library.some(({ name }) => name === wanted))
if (unknown.length > 0) {
  console.error(`no entry point: ${unknown.join(', ')}; there are: ${library.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

console.log(row('', ['minified', 'gzip', 'brotli', 'later']))
for (const entryPoint of library) {
  const { name } = entryPoint
  if (positionals.length === 0) await print(name, name, `export * from '${name}'`)
  if (!positionals.includes(name)) continue
  for (const one of valuesOf(entryPoint)) await print(one, name, `export { ${one} } from '${name}'`)
}
console.log('\nBytes of minified JavaScript; later: loaded when it is needed.')

async function print(title: string, entryPoint: string, code: string): Promise<void> {
  const platform = FOR_NODE.includes(entryPoint) ? 'node' : 'browser'
  const { first, later, foreign } = await bundle(code, platform)
  const needs = foreign.length === 0 ? '' : '  and Node'
  console.log(row(title, [first.minified, first.gzip, first.brotli, later.minified]) + needs)
}

function row(title: string, columns: readonly (string | number)[]): string {
  return title.padEnd(28) + columns.map((column) => column.toLocaleString('en').padStart(10)).join('')
}
