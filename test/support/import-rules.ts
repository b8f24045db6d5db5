import { posix } from 'node:path'

/** A source tree: path from the root of the clone, such as `packages/msrp/src/index.ts`, to the file's text. */
export type Sources = ReadonlyMap<string, string>

/** What of a package.json says who may import what. */
export interface Manifest {
  /** Folder below `packages/`. */
  folder: string
  name: string
  /** `.`, `./wire` … */
  entryPoints: readonly string[]
  dependencies: readonly string[]
}

interface Layer {
  /** Imports go to the same or a lower level only. */
  level: number
  /** State and codec: no `node:` and nothing foreign but these. */
  pure?: { allowed: readonly string[] }
}

/** The layers of each package, by folder below `src`; `.` stands for the files in `src` itself. */
const layers: Record<string, Record<string, Layer>> = {
  msrp: {
    wire: { level: 0, pure: { allowed: [] } },
    mime: { level: 1, pure: { allowed: [] } },
    cpim: { level: 1, pure: { allowed: [] } },
    multipart: { level: 1, pure: { allowed: [] } },
    connection: { level: 2, pure: { allowed: [] } },
    xml: { level: 2, pure: { allowed: ['@rgrove/parse-xml'] } },
    session: { level: 3, pure: { allowed: [] } },
    imdn: { level: 4, pure: { allowed: [] } },
    composing: { level: 4, pure: { allowed: [] } },
    chatroom: { level: 4, pure: { allowed: [] } },
    resuming: { level: 4, pure: { allowed: [] } },
    sdp: { level: 4, pure: { allowed: [] } },
    file: { level: 5, pure: { allowed: [] } },
    node: { level: 6 },
    browser: {
      level: 6,
      pure: { allowed: ['@noble/hashes/legacy.js', '@noble/hashes/sha2.js', '@noble/hashes/utils.js'] },
    },
    '.': { level: 7 },
  },
  relay: {
    forwarding: { level: 0, pure: { allowed: ['msrp/wire', 'msrp/connection'] } },
    '*': { level: 1 },
    '.': { level: 2 },
  },
  cli: { '*': { level: 0 }, '.': { level: 0 } },
}

/** Every import that breaks a rule, one line each; none when all is well. */
export function brokenImportRules(sources: Sources, manifests: readonly Manifest[]): string[] {
  const broken: string[] = []
  for (const [file, text] of sources) {
    for (const specifier of importsOf(text)) {
      const why = specifier.startsWith('.')
        ? whyNotRelative(file, posix.join(posix.dirname(file), specifier), sources)
        : whyNotForeign(file, specifier, manifests)
      if (why) broken.push(`${file} imports ${specifier}: ${why}`)
    }
  }
  for (const cycle of cycles(sources)) broken.push(`import cycle: ${cycle.join(' -> ')}`)
  return broken
}

/** Static, type-only, dynamic and re-exporting imports of a file. Imports in comments begin with a star or slashes. */
export function importsOf(text: string): string[] {
  return [...namedBy(text, statement), ...namedBy(text, call)]
}

/** The imports that remain when the types are stripped. */
function importsAtRunTime(text: string): string[] {
  return [...namedBy(text.replace(/^[ \t]*(import|export) type\b/gm, ''), statement), ...namedBy(text, lazy)]
}

const statement = /^[ \t]*(?:import|export)\b(?:[^'"`;=()]*?\bfrom)?\s*['"]([^'"]+)['"]/gm
const call = /\bimport\(\s*['"]([^'"]+)['"]\s*[),]/g
const lazy = /\bawait import\(\s*['"]([^'"]+)['"]\s*[),]/g

function namedBy(text: string, pattern: RegExp): string[] {
  const code = text.replace(/^[ \t]*(?:\*|\/[/*]).*$/gm, '')
  return [...code.matchAll(pattern)].map((match) => match[1] ?? '')
}

function whyNotRelative(file: string, target: string, sources: Sources): string | undefined {
  if (packageOf(file) !== packageOf(target) || !target.startsWith(`packages/${packageOf(file)}/src/`))
    return 'leaves its package: import other packages by their public names'
  if (!sources.has(target)) return 'no such file'
  const from = layerOf(file)
  const to = layerOf(target)
  if (!from) return `the folder of ${file} has no layer: give it one in the rules`
  if (!to) return `the folder of ${target} has no layer: give it one in the rules`
  if (to.level > from.level) return 'goes upwards'
  return undefined
}

function whyNotForeign(file: string, specifier: string, manifests: readonly Manifest[]): string | undefined {
  const pure = layerOf(file)?.pure
  if (pure && !pure.allowed.includes(specifier)) return 'this layer is pure: no platform and no foreign package'
  if (specifier.startsWith('node:')) return undefined
  const own = manifests.find(({ folder }) => folder === packageOf(file))
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (!own?.dependencies.includes(name)) return `${name} is not among the dependencies in its package.json`
  const sibling = manifests.find((manifest) => manifest.name === name)
  if (sibling && !sibling.entryPoints.includes(`.${specifier.slice(name.length)}`))
    return `${specifier} is not an entry point of ${name}`
  return undefined
}

function packageOf(file: string): string {
  return file.split('/')[1] ?? ''
}

function layerOf(file: string): Layer | undefined {
  const [, folder = '', , ...rest] = file.split('/')
  const table = layers[folder] ?? {}
  return rest.length === 1 ? table['.'] : (table[rest[0] ?? ''] ?? table['*'])
}

/**
 * Cycles among relative imports. Classes of one folder may name each other's types; what is needed at run time has an
 * order, and so have folders.
 */
function cycles(sources: Sources): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  const visit = (file: string, path: string[]): void => {
    const at = path.indexOf(file)
    if (at >= 0) found.push([...path.slice(at), file])
    if (at >= 0 || done.has(file)) return
    for (const next of mustPrecede(file, sources)) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of sources.keys()) visit(file, [])
  return found
}

/** The files that a file needs at run time, and those of other folders that it needs at all. */
function mustPrecede(file: string, sources: Sources): string[] {
  const text = sources.get(file) ?? ''
  const here = posix.dirname(file)
  const atRunTime = new Set(importsAtRunTime(text))
  return importsOf(text)
    .filter((specifier) => specifier.startsWith('.'))
    .filter((specifier) => atRunTime.has(specifier) || posix.dirname(posix.join(here, specifier)) !== here)
    .map((specifier) => posix.join(here, specifier))
}
