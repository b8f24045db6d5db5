import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { expect, test } from 'vitest'
import { startProgram } from './support/process.ts'
import { repositoryRoot } from './support/repository.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { WebSocketRelay } from './support/web-socket-relay.ts'

/**
 * Bytes, minified and compressed by brotli as web servers do it: what is loaded stays below. `short` is for texts of one chunk,
 * `long` for those that may go in several as well.
 */
const MOST = { short: 31 * 1024, long: 33.25 * 1024 }

test(`A page that exchanges short texts through a relay loads less than ${MOST.short} bytes of this library`, async () => {
  const folder = temporaryFolder()
  await build(join(repositoryRoot, 'test/support/plain-session.ts'), folder)
  const relay = await WebSocketRelay.start()
  const users = [relay.relay.alice, relay.relay.bob].flatMap(({ username, password }) => [username, password])
  const hooks = pathToFileURL(join(repositoryRoot, 'test/support/loaded-modules.mjs')).href
  const page = join(folder, 'plain-session.js')
  const url = `ws://localhost:${relay.ws}/msrp`
  const program = startProgram(process.execPath, ['--import', hooks, page, url, ...users])
  expect((await program.exit()).code, program.describe()).toBe(0)
  const { lines } = program.stdout
  expect(lines).toContain('exchanged a long one')
  const files = (printed: string[]): string[] => printed.flatMap((line) => /^loaded (.*)$/.exec(line)?.[1] ?? [])
  const short = files(lines.slice(0, lines.indexOf('exchanged short texts')))
  // The page's own few lines go with it.
  expect(short).toContain(page)
  expect(loaded('short texts', short)).toBeLessThan(MOST.short)
  expect(loaded('a text of several chunks', files(lines))).toBeLessThan(MOST.long)
})

/** Prints what was loaded; bytes by brotli. */
function loaded(what: string, files: readonly string[]): number {
  const sizes = files.map((file) => sizeOf(file))
  const [minified, gzip, brotli = 0] = (['minified', 'gzip', 'brotli'] as const).map((by) =>
    sizes.reduce((sum, size) => sum + size[by], 0),
  )
  console.log(
    `a plain session with ${what}: ${minified} bytes minified, ${gzip} by gzip -9, ${brotli} by brotli, in ${files.length} files: ${files.map((file) => basename(file)).join(' ')}`,
  )
  return brotli
}

/** Bundles a program as applications are, what is loaded lazily in files of its own. */
async function build(input: string, dir: string): Promise<void> {
  const bundle = await rolldown({ input, platform: 'browser', preserveEntrySignatures: 'allow-extension' })
  await bundle.write({ dir, format: 'esm', minify: true })
  await bundle.close()
}

function sizeOf(file: string): { minified: number; gzip: number; brotli: number } {
  const code = readFileSync(file)
  return {
    minified: code.length,
    gzip: gzipSync(code, { level: 9 }).length,
    brotli: brotliCompressSync(code).length,
  }
}
