import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Declaration, type Elsewhere, type Here, type Module, readModule } from './module.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A module that others import by name, with all that it exports. */
export interface EntryPoint {
  /** Such as `msrp/wire`. */
  readonly name: string
  readonly module: Module
  readonly names: readonly ExportedName[]
}

export interface ExportedName {
  readonly name: string
  /** Where it is declared, and by which name there. */
  readonly origin: Origin
  readonly declarations: readonly Declaration[]
  /** The entry point that it is described under. */
  readonly home: string
}

/** A piece of a module's text. */
interface Span {
  readonly start: number
  readonly end: number
}

export interface Origin {
  readonly module: Module
  readonly local: string
}

/** The entry points of the packages and the modules behind them. */
export class PublicModules {
  readonly entryPoints: readonly EntryPoint[]
  readonly #files: ReadonlyMap<string, string>
  readonly #modules = new Map<string, Module>()
  readonly #exported: ReadonlySet<string>

  /** @param files by the entry points' names, from the root of the clone; those of all packages unless given */
  constructor(files: ReadonlyMap<string, string> = entryPointFiles()) {
    this.#files = files
    const homes = new Map<string, string>()
    for (const [name, path] of this.#files) {
      for (const [exported, { by }] of this.#exportsOf(path)) {
        // What comes by `export *` from another entry point is that one's.
        const home = this.#nameOf(by) ?? name
        const key = this.#key(this.#origin(path, exported), exported)
        if (!homes.has(key)) homes.set(key, home)
      }
    }
    this.entryPoints = [...this.#files].map(([name, path]) => ({
      name,
      module: this.#module(path),
      names: [...this.#exportsOf(path).keys()].map((exported) => {
        const origin = this.#origin(path, exported)
        if (!origin) throw new Error(`${path} exports ${exported}, which is declared nowhere`)
        const declarations = origin.module.declarations.get(origin.local) ?? []
        return { name: exported, origin, declarations, home: homes.get(this.#key(origin, exported)) ?? name }
      }),
    }))
    const origins = this.entryPoints.flatMap(({ names }) => names.map(({ origin }) => origin))
    this.#exported = new Set(origins.map((origin) => this.#key(origin, origin.local)))
  }

  /** What an entry point exports, described there and without a docstring. */
  undocumented(): string[] {
    return this.entryPoints.flatMap(({ name: entryPoint, names }) =>
      names
        .filter(({ home, declarations }) => home === entryPoint && !declarations.some(({ doc }) => doc))
        .map(({ name }) => `${entryPoint}: ${name}`),
    )
  }

  /**
   * Types that what is exported names, without being exported: nobody else can name them. What is protected does not count,
   * nor a constructor: one that takes such a type is not for others.
   */
  nameless(): string[] {
    return this.entryPoints.flatMap(({ name: entryPoint, names }) =>
      names
        .filter(({ home }) => home === entryPoint)
        .flatMap(({ name, origin: { module }, declarations }) => {
          const used = declarations.flatMap(({ node }) => {
            const inner = innerPartsOf(node)
            return namesIn(module, node).filter(
              ({ start }) => !inner.some((one) => one.start <= start && start < one.end),
            )
          })
          const hidden = used.filter((one) => this.isHidden(module, one.name))
          return [...new Set(hidden.map((one) => `${entryPoint}: ${name} names ${one.name}`))]
        }),
    )
  }

  /** Whether a piece of a module names a type of ours that no entry point exports. */
  namesHidden(module: Module, piece: Span): boolean {
    return namesIn(module, piece).some(({ name }) => this.isHidden(module, name))
  }

  /** Whether a name that a module uses is of ours and no entry point exports it. */
  isHidden(module: Module, name: string): boolean {
    const origin = this.resolve(module, name)
    return origin !== undefined && !this.#exported.has(this.#key(origin, origin.local))
  }

  /** Where a name that a module uses is declared; undefined when that is in no module of ours. */
  resolve(module: Module, name: string): Origin | undefined {
    if (module.declarations.has(name)) return { module, local: name }
    const imported = module.imports.get(name)
    return imported && this.#elsewhere(module, imported)
  }

  #origin(path: string, exported: string): Origin | undefined {
    const { by, target } = this.#exportsOf(path).get(exported) ?? {}
    if (by === undefined || target === undefined) return undefined
    const module = this.#module(by)
    return 'local' in target ? this.resolve(module, target.local) : this.#elsewhere(module, target)
  }

  #elsewhere(module: Module, { from, name }: Elsewhere): Origin | undefined {
    const path = this.#path(module, from)
    return path === undefined ? undefined : this.#origin(path, name)
  }

  /** What a module exports, each with the module that names it. */
  #exportsOf(path: string): Map<string, { by: string; target: Elsewhere | Here }> {
    const module = this.#module(path)
    const found = new Map([...module.exports].map(([name, target]) => [name, { by: path, target }]))
    for (const star of module.stars) {
      const from = this.#path(module, star)
      if (from === undefined) throw new Error(`${path} exports all of ${star}, which is not ours`)
      for (const [name, one] of this.#exportsOf(from)) if (!found.has(name)) found.set(name, one)
    }
    return found
  }

  #path(module: Module, specifier: string): string | undefined {
    return specifier.startsWith('.') ? posix.join(posix.dirname(module.path), specifier) : this.#files.get(specifier)
  }

  #nameOf(path: string): string | undefined {
    return [...this.#files].find(([, file]) => file === path)?.[0]
  }

  #key(origin: Origin | undefined, exported: string): string {
    return `${origin?.module.path}#${exported}`
  }

  #module(path: string): Module {
    const known = this.#modules.get(path)
    if (known) return known
    const module = readModule(path)
    this.#modules.set(path, module)
    return module
  }
}

/** Where the entry points of all packages are, from the root of the clone. */
export function entryPointFiles(): Map<string, string> {
  const files = new Map<string, string>()
  for (const folder of readdirSync(join(root, 'packages'))) {
    const { name, exports = {} } = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'))
    for (const [path, file] of Object.entries<string>(exports))
      files.set(posix.join(name, path), posix.join('packages', folder, file))
  }
  return files
}

/** The names of an entry point that are left when the types are gone. */
export function valuesOf({ names }: EntryPoint): string[] {
  const isType = /^TS(InterfaceDeclaration|TypeAliasDeclaration)$/
  return names
    .filter(({ declarations }) => declarations.some(({ node }) => !isType.test(node.type)))
    .map(({ name }) => name)
}

function namesIn({ code, marks }: Module, { start, end }: Span): { name: string; start: number }[] {
  return marks
    .filter((mark) => mark.what === 'name' && mark.start >= start && mark.end <= end)
    .map((mark) => ({ name: code.slice(mark.start, mark.end), start: mark.start }))
}

function innerPartsOf(node: Declaration['node']): Span[] {
  if (node.type !== 'ClassDeclaration') return []
  return node.body.body.filter(
    (member) =>
      (member.type === 'MethodDefinition' && member.kind === 'constructor') ||
      ('accessibility' in member && member.accessibility === 'protected'),
  )
}
