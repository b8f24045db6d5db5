// `npm run bench`: see `npm run bench -- --help`.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileLoad } from './load.ts'
import { measure } from './measure.ts'
import { inside, runInNamespace } from './namespace.ts'
import { readOptions, usage } from './options.ts'
import { missing } from './requirements.ts'

/** The folder of this run, for the process that measures. */
const FOLDER = 'MSRP_BENCH_FOLDER'

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const options = readOrComplain(args)
  if (options === undefined) return 2
  if (options === 'help') {
    console.log(usage)
    return 0
  }
  if (inside) {
    try {
      return (await measure(options, process.env[FOLDER] ?? '')) ? 0 : 1
    } catch (error) {
      console.error(`\n${error instanceof Error ? error.message : error}`)
      return 1
    }
  }
  const lacking = missing()
  if (lacking.length > 0) {
    console.error(lacking.join('\n'))
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'msrp-bench-'))
  process.env[FOLDER] = folder
  try {
    compileLoad(folder)
    return await runInNamespace()
  } finally {
    rmSync(folder, { recursive: true, maxRetries: 5 })
  }
}

function readOrComplain(args: readonly string[]): ReturnType<typeof readOptions> | undefined {
  try {
    return readOptions(args)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nnpm run bench -- --help says more`)
    return undefined
  }
}
