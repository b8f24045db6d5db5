import { parseSync } from 'rolldown/utils'

/** What a document shows in TypeScript, made a module that a compiler can take. */
export interface CodeBlock {
  /** Of its first line in the document. */
  readonly line: number
  /** The block at its own line numbers, with what it takes for granted before it. */
  readonly module: string
}

/**
 * What the blocks of a document take for granted. `imports` has modules by the names they export, `variables` has types by
 * the names of what the reader is assumed to have.
 */
export interface Surroundings {
  readonly imports: ReadonlyMap<string, string>
  readonly variables: Readonly<Record<string, string>>
}

/** The fenced blocks of a Markdown text that say they are TypeScript. */
export function codeBlocks(markdown: string, { imports, variables }: Surroundings): CodeBlock[] {
  return [...markdown.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(({ 1: code = '', index }) => {
    const line = markdown.slice(0, index).split('\n').length + 1
    const declared = declaredIn(code)
    const needed = new Set(code.match(/[A-Za-z_$][\w$]*/g)?.filter((word) => !declared.has(word)))
    const before = [...needed].flatMap((name) => {
      const type = Object.hasOwn(variables, name) ? variables[name] : undefined
      if (type !== undefined) return [`declare const ${name}: ${type};`]
      const from = imports.get(name)
      return from === undefined ? [] : [`import { ${name} } from '${from}';`]
    })
    return { line, module: `export {};${before.join(' ')}${'\n'.repeat(line - 1)}${code}` }
  })
}

/** The names that a module declares or imports at its top. */
function declaredIn(code: string): Set<string> {
  const names = new Set<string>()
  const add = (pattern: unknown): void => {
    if (typeof pattern !== 'object' || pattern === null) return
    if ('type' in pattern && pattern.type === 'Identifier' && 'name' in pattern) names.add(String(pattern.name))
    // A pattern: `{ a, b: c = 1, ...rest }`, `[a, b]`.
    for (const key of ['properties', 'elements', 'value', 'argument', 'left'] as const) {
      const inner = (pattern as Record<string, unknown>)[key]
      if (Array.isArray(inner)) inner.forEach(add)
      else add(inner)
    }
  }
  for (const statement of parseSync('block.ts', code).program.body) {
    if (statement.type === 'ImportDeclaration') statement.specifiers.forEach(({ local }) => void add(local))
    else if (statement.type === 'VariableDeclaration') statement.declarations.forEach(({ id }) => void add(id))
    else if ('id' in statement) add(statement.id)
  }
  return names
}
