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

/** What ARCHITECTURE.md says that the source files of some folders import. */
export interface Arrows {
  /** From the root of the clone, such as `packages/msrp/src/wire`, or `packages/cli/src` for all that is below. */
  readonly folders: readonly string[]
  /** Folders of the same package and public entry points, such as `wire` and `msrp/wire`. */
  readonly imports: readonly string[]
  /** They import each other as well. */
  readonly oneAnother: boolean
}

/** State and codec: no `node:` and nothing foreign but these. By folder. */
const pure: Readonly<Record<string, readonly string[]>> = {
  'packages/msrp/src/wire': [],
  'packages/msrp/src/mime': [],
  'packages/msrp/src/cpim': [],
  'packages/msrp/src/multipart': [],
  'packages/msrp/src/connection': [],
  'packages/msrp/src/xml': ['@rgrove/parse-xml'],
  'packages/msrp/src/session': [],
  'packages/msrp/src/imdn': [],
  'packages/msrp/src/composing': [],
  'packages/msrp/src/chatroom': [],
  'packages/msrp/src/resuming': [],
  'packages/msrp/src/sdp': [],
  'packages/msrp/src/file': [],
  'packages/msrp/src/browser': ['@noble/hashes/legacy.js', '@noble/hashes/sha2.js', '@noble/hashes/utils.js'],
  'packages/relay/src/forwarding': ['msrp/wire', 'msrp/connection'],
}

/** The table of ARCHITECTURE.md: folders, what they are, what they import. */
export function arrowsIn(document: string): Arrows[] {
  return [...document.matchAll(/^\| `(\w+\/src[^`]*)` \|[^|]*\|([^|]*)\|/gm)].map(([, folders = '', imports = '']) => ({
    folders: unfolded(`packages/${folders}`),
    imports: [...imports.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    oneAnother: imports.includes('one another'),
  }))
}

/** `a/{b,c}` as `a/b` and `a/c`. */
function unfolded(folders: string): string[] {
  const [, before = folders, names = ''] = /^(.*)\{(.*)\}$/.exec(folders) ?? []
  return names.split(',').map((name) => `${before}${name}`)
}

/** Every import that breaks a rule, one line each; none when all is well. */
export function brokenImportRules(
  sources: Sources,
  manifests: readonly Manifest[],
  arrows: readonly Arrows[],
): string[] {
  const broken: string[] = []
  for (const [file, text] of sources) {
    for (const specifier of importsOf(text)) {
      const why = specifier.startsWith('.')
        ? whyNotRelative(file, targetOf(file, specifier), sources)
        : whyNotForeign(file, specifier, manifests)
      const whyNot = why ?? whyNoArrow(file, specifier, arrows)
      if (whyNot) broken.push(`${file} imports ${specifier}: ${whyNot}`)
    }
  }
  for (const cycle of cycles(sources)) broken.push(`import cycle: ${cycle.join(' -> ')}`)
  return broken
}

/** Arrows that no import follows, one line each. */
export function unfollowedArrows(sources: Sources, arrows: readonly Arrows[]): string[] {
  const followed = new Set<string>()
  for (const [file, text] of sources) {
    for (const specifier of importsOf(text)) {
      const { row, name } = arrowOf(file, specifier, arrows) ?? {}
      followed.add(`${row?.folders} ${name}`)
    }
  }
  return arrows.flatMap(({ folders, imports }) =>
    imports.filter((name) => !followed.has(`${folders} ${name}`)).map((name) => `${folders} import no ${name}`),
  )
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
  return sources.has(target) ? undefined : 'no such file'
}

function whyNoArrow(file: string, specifier: string, arrows: readonly Arrows[]): string | undefined {
  const { row, name, from } = arrowOf(file, specifier, arrows) ?? {}
  if (name === undefined) return undefined
  if (row === undefined) return `${from} has no row in the table of ARCHITECTURE.md: give it one`
  return row.imports.includes(name) ? undefined : `ARCHITECTURE.md has no arrow from ${from} to ${name}`
}

/** From where to where an import leads, and the row about it; undefined where none is needed. */
function arrowOf(
  file: string,
  specifier: string,
  arrows: readonly Arrows[],
): { from: string; name: string; row: Arrows | undefined } | undefined {
  const isRelative = specifier.startsWith('.')
  const from = folderOf(file)
  const to = isRelative ? folderOf(targetOf(file, specifier)) : specifier
  const row = arrows.find(({ folders }) => folders.includes(from) || folders.includes(posix.dirname(from)))
  // What stands in `src` itself may import everything.
  const isFree = row === undefined && from.endsWith('/src')
  const isWithin = row?.oneAnother && row.folders.some((folder) => to.startsWith(folder))
  if (from === to || isFree || isWithin || !(isRelative || /^msrp\b/.test(specifier))) return undefined
  return { from, name: to.replace(/^packages\/\w+\/src\//, ''), row }
}

function whyNotForeign(file: string, specifier: string, manifests: readonly Manifest[]): string | undefined {
  const allowed = pure[folderOf(file)]
  if (allowed && !allowed.includes(specifier)) return 'this layer is pure: no platform and no foreign package'
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

function targetOf(file: string, specifier: string): string {
  return posix.join(posix.dirname(file), specifier)
}

/** The first folder below `src`, or `src` itself. */
function folderOf(file: string): string {
  return /^packages\/\w+\/src(\/\w+(?=\/))?/.exec(file)?.[0] ?? file
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
