import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { type OutputChunk, rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What an application loads for code that uses the packages, as a bundler makes it. */
export interface Bundle {
  /** What is loaded at once. */
  readonly first: Size
  /** What is loaded later, if it is needed at all. */
  readonly later: Size
  /** Files of which anything is left, from the root of the clone. */
  readonly files: readonly string[]
  /** Modules that the platform has to have. */
  readonly foreign: readonly string[]
}

/** Bytes of minified JavaScript, as they are and compressed as servers do it, each file by itself. */
export interface Size {
  readonly minified: number
  readonly gzip: number
  readonly brotli: number
}

/** Entry points for Node; all others are for browsers too. */
export const FOR_NODE: readonly string[] = ['msrp', 'msrp/node']

/** Bundles a module, given as text, which imports `msrp` as others do. @throws Error what the bundler says */
export async function bundle(code: string, platform: 'node' | 'browser'): Promise<Bundle> {
  // Somewhere in the clone, where the packages are found by name.
  const entry = join(root, 'packages', 'entry.ts')
  const build = await rolldown({
    input: entry,
    platform,
    plugins: [
      { name: 'entry', load: (id) => (id === entry ? code : null), resolveId: (id) => (id === entry ? id : null) },
    ],
    external: [/^node:/, 'ws'],
    onLog: (level, { code, message }) => {
      // What is imported lazily for the sake of some may be there anyway for others.
      if (level === 'warn' && code !== 'INEFFECTIVE_DYNAMIC_IMPORT') throw new Error(message)
    },
  })
  try {
    const { output } = await build.generate({ format: 'esm', minify: true })
    const chunks = new Map(output.filter((one) => one.type === 'chunk').map((chunk) => [chunk.fileName, chunk]))
    const first = new Set<OutputChunk>()
    const load = (chunk: OutputChunk | undefined): void => {
      if (chunk === undefined || first.has(chunk)) return
      first.add(chunk)
      for (const name of chunk.imports) load(chunks.get(name))
    }
    load([...chunks.values()].find(({ isEntry }) => isEntry))
    const all = [...chunks.values()]
    return {
      first: sizeOf([...first]),
      later: sizeOf(all.filter((chunk) => !first.has(chunk))),
      files: all
        .flatMap(({ modules }) => Object.entries(modules))
        .filter(([, { renderedLength }]) => renderedLength > 0)
        .map(([path]) => relative(root, path))
        .sort(),
      foreign: [...new Set(all.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]))]
        .filter((name) => !chunks.has(name))
        .sort(),
    }
  } finally {
    await build.close()
  }
}

function sizeOf(chunks: readonly OutputChunk[]): Size {
  const sum = (bytes: (code: string) => number): number => chunks.reduce((total, { code }) => total + bytes(code), 0)
  return {
    minified: sum((code) => Buffer.byteLength(code)),
    gzip: sum((code) => gzipSync(code, { level: 9 }).length),
    brotli: sum((code) => brotliCompressSync(code).length),
  }
}
