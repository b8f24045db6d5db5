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

/** Bytes, minified and compressed by brotli as web servers do it: what is loaded stays below. */
const MOST = 37 * 1024

test(`A page that exchanges texts through a relay loads less than ${MOST} bytes of this library`, async () => {
  const folder = temporaryFolder()
  await build(join(repositoryRoot, 'test/support/plain-session.ts'), folder)
  const relay = await WebSocketRelay.start()
  const users = [relay.relay.alice, relay.relay.bob].flatMap(({ username, password }) => [username, password])
  const hooks = pathToFileURL(join(repositoryRoot, 'test/support/loaded-modules.mjs')).href
  const page = join(folder, 'plain-session.js')
  const url = `ws://localhost:${relay.ws}/msrp`
  const program = startProgram(process.execPath, ['--import', hooks, page, url, ...users])
  expect((await program.exit()).code, program.describe()).toBe(0)
  expect(program.stdout.lines).toContain('exchanged')
  const files = program.stdout.lines.flatMap((line) => /^loaded (.*)$/.exec(line)?.[1] ?? [])
  // The page's own few lines go with it.
  expect(files).toContain(page)
  const sizes = files.map((file) => sizeOf(file))
  const [minified, gzip, brotli] = ['minified', 'gzip', 'brotli'].map((by) => sum(sizes.map((size) => size[by] ?? 0)))
  console.log(
    `a plain session: ${minified} bytes minified, ${gzip} by gzip -9, ${brotli} by brotli, in ${files.length} files`,
  )
  expect(brotli, files.map((file) => basename(file)).join(' ')).toBeLessThan(MOST)
})

/** Bundles a program as applications are, what is loaded lazily in files of its own. */
async function build(input: string, dir: string): Promise<void> {
  const bundle = await rolldown({ input, platform: 'browser', preserveEntrySignatures: 'allow-extension' })
  await bundle.write({ dir, format: 'esm', minify: true })
  await bundle.close()
}

function sizeOf(file: string): Record<string, number> {
  const code = readFileSync(file)
  const [gzip, brotli] = [gzipSync(code, { level: 9 }), brotliCompressSync(code)]
  return { minified: code.length, gzip: gzip.length, brotli: brotli.length }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
