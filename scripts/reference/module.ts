import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isolatedDeclarationSync } from 'rolldown/experimental'
import { type ESTree, parseSync, Visitor } from 'rolldown/utils'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What a module of ours says to those who import it: its declarations as in a `.d.ts` file, and where they go. */
export interface Module {
  /** From the root of the clone. */
  readonly path: string
  /** The comment at the very top, when it is about the module. */
  readonly about: string | undefined
  /** The text that all positions are in. */
  readonly code: string
  /** By local name; several for overloads. */
  readonly declarations: ReadonlyMap<string, readonly Declaration[]>
  readonly imports: ReadonlyMap<string, Elsewhere>
  /** By exported name. */
  readonly exports: ReadonlyMap<string, Elsewhere | Here>
  /** Modules whose exports are all exported here too. */
  readonly stars: readonly string[]
  /** Docstrings, by the position of what they are about. */
  readonly docstrings: ReadonlyMap<number, string>
  /** What of the text is not shown as it stands, in the order of the text. */
  readonly marks: readonly Mark[]
}

/** A name of another module: `from` as it is imported. */
export interface Elsewhere {
  readonly from: string
  readonly name: string
}

export interface Here {
  readonly local: string
}

export interface Declaration {
  readonly node: DeclarationNode
  readonly doc: string | undefined
}

export type DeclarationNode =
  | (ESTree.Function & { type: 'TSDeclareFunction' })
  | (ESTree.Class & { type: 'ClassDeclaration' })
  | ESTree.TSInterfaceDeclaration
  | ESTree.TSTypeAliasDeclaration
  | ESTree.VariableDeclaration

/** A place in the text: the use of a type's name, a string in its quotes, or a comment. */
export interface Mark {
  readonly what: 'name' | 'string' | 'comment'
  readonly start: number
  readonly end: number
}

/** Reads a source file, given by its path from the root of the clone. @throws Error when an export has no explicit type */
export function readModule(path: string): Module {
  const source = readFileSync(join(root, path), 'utf8')
  const { code, errors } = isolatedDeclarationSync(path, source)
  if (errors.length > 0) throw new Error(`${path}: ${errors.map(({ message }) => message).join('; ')}`)
  const { program, comments } = parseSync(path.replace(/\.ts$/, '.d.ts'), code)
  const docstrings = new Map<number, string>()
  for (const { type, value, end } of comments) {
    const gap = /^\s*/.exec(code.slice(end))?.[0].length ?? 0
    if (type === 'Block' && value.startsWith('*')) docstrings.set(end + gap, unwrapped(value))
  }
  return {
    path,
    about: aboutModule(source),
    code,
    docstrings,
    marks: marksOf(program, comments),
    ...names(program, docstrings),
  }
}

function names(
  program: ESTree.Program,
  docstrings: ReadonlyMap<number, string>,
): Pick<Module, 'declarations' | 'imports' | 'exports' | 'stars'> {
  const declarations = new Map<string, Declaration[]>()
  const imports = new Map<string, Elsewhere>()
  const exports = new Map<string, Elsewhere | Here>()
  const stars: string[] = []
  const declare = (node: ESTree.Node, at: number): string | undefined => {
    if (!isDeclaration(node)) return undefined
    const id = node.type === 'VariableDeclaration' ? node.declarations[0]?.id : node.id
    if (id?.type !== 'Identifier') return undefined
    declarations.set(id.name, [...(declarations.get(id.name) ?? []), { node, doc: docstrings.get(at) }])
    return id.name
  }
  for (const statement of program.body) {
    if (statement.type === 'ImportDeclaration') {
      for (const one of statement.specifiers) {
        if (one.type === 'ImportSpecifier')
          imports.set(one.local.name, { from: statement.source.value, name: nameOf(one.imported) })
      }
    } else if (statement.type === 'ExportAllDeclaration') stars.push(statement.source.value)
    else if (statement.type === 'ExportNamedDeclaration') {
      const declared = statement.declaration && declare(statement.declaration, statement.start)
      if (declared) exports.set(declared, { local: declared })
      const from = statement.source?.value
      for (const { local, exported } of statement.specifiers)
        exports.set(nameOf(exported), from === undefined ? { local: nameOf(local) } : { from, name: nameOf(local) })
    } else declare(statement, statement.start)
  }
  return { declarations, imports, exports, stars }
}

function isDeclaration(node: ESTree.Node): node is DeclarationNode {
  return /^(TSDeclareFunction|ClassDeclaration|TSInterfaceDeclaration|TSTypeAliasDeclaration|VariableDeclaration)$/.test(
    node.type,
  )
}

function nameOf(name: ESTree.ModuleExportName): string {
  return name.type === 'Literal' ? name.value : name.name
}

function marksOf(program: ESTree.Program, comments: readonly { start: number; end: number }[]): Mark[] {
  const marks: Mark[] = comments.map(({ start, end }) => ({ what: 'comment', start, end }))
  const name = (node: ESTree.Node | null): void => {
    if (node?.type === 'Identifier') marks.push({ what: 'name', start: node.start, end: node.end })
  }
  new Visitor({
    TSTypeReference: ({ typeName }) => name(typeName),
    TSTypeQuery: ({ exprName }) => name(exprName),
    TSInterfaceHeritage: ({ expression }) => name(expression),
    TSClassImplements: ({ expression }) => name(expression),
    ClassDeclaration: ({ superClass }) => name(superClass),
    Literal: ({ value, start, end }) => {
      if (typeof value === 'string') marks.push({ what: 'string', start, end })
    },
  }).visit(program)
  return marks.sort((a, b) => a.start - b.start)
}

/** The first comment of a file, when imports and exports of others follow it and no declaration that it would be about. */
function aboutModule(source: string): string | undefined {
  const [, text] = /^\/\*(\*[\s\S]*?)\*\/\s*(?:import\b|export (?:type )?[{*])/.exec(source) ?? []
  return text === undefined ? undefined : unwrapped(text)
}

/** A docstring without its stars. */
function unwrapped(comment: string): string {
  return comment
    .slice(1)
    .replace(/^[ \t]*\* ?/gm, '')
    .trim()
}
