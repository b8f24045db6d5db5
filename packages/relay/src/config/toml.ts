import { type AST, ParseError, parseTOML } from 'toml-eslint-parser'
import { camelCase } from './field.ts'
import type { Flaw, KeyPath } from './flaw.ts'

/** What a TOML file says, its keys spelled as the program does, and where it says so. */
export interface TomlDocument {
  readonly value: Record<string, unknown>
  /** The line, from 1, that says something about a key; undefined when nothing is said of it or of a table around it. */
  lineOf(path: KeyPath): number | undefined
  /** Keys that are not spelled as keys are. */
  readonly flaws: readonly Flaw[]
}

/** A text that is not TOML. */
export interface NotToml {
  readonly line: number
  readonly column: number
  readonly reason: string
}

/** Reads TOML 1.0. */
export function readToml(text: string): TomlDocument | NotToml {
  let program: AST.TOMLProgram
  try {
    program = parseTOML(text, { tomlVersion: '1.0' })
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    // The parser counts columns from 0.
    return { line: error.lineNumber, column: error.column + 1, reason: error.message }
  }
  const document = new Reader()
  for (const entry of program.body[0].body) {
    if (entry.type === 'TOMLKeyValue') document.entry([], entry)
    else document.table(entry)
  }
  return document
}

class Reader implements TomlDocument {
  readonly value: Record<string, unknown> = emptyTable()
  readonly flaws: Flaw[] = []
  readonly #lines: Map<string, number> = new Map()

  lineOf(path: KeyPath): number | undefined {
    for (let length = path.length; length > 0; length--) {
      const line = this.#lines.get(nameOf(path.slice(0, length)))
      if (line !== undefined) return line
    }
    return undefined
  }

  table({ resolvedKey, body, loc }: AST.TOMLTable): void {
    const path = this.#spelled([], resolvedKey, loc.start.line)
    if (path === undefined) return
    this.#put(path, undefined, loc.start.line)
    for (const entry of body) this.entry(path, entry)
  }

  entry(around: KeyPath, { key, value, loc }: AST.TOMLKeyValue): void {
    const names = key.keys.map((part) => (part.type === 'TOMLBare' ? part.name : part.value))
    const path = this.#spelled(around, names, loc.start.line)
    if (path === undefined) return
    this.#put(path, this.#content(path, value), loc.start.line)
  }

  #content(path: KeyPath, node: AST.TOMLContentNode): unknown {
    switch (node.type) {
      case 'TOMLValue':
        return node.value
      case 'TOMLArray':
        return node.elements.map((element, index) => {
          this.#lines.set(nameOf([...path, index]), element.loc.start.line)
          return this.#content([...path, index], element)
        })
      case 'TOMLInlineTable':
        this.#put(path, undefined, node.loc.start.line)
        for (const entry of node.body) this.entry(path, entry)
        // Within an array it is put in its place with the whole array.
        return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], this.value)
      default:
        node satisfies never
    }
  }

  /**
   * The path of a key as the program spells it. With a capital letter it would be taken for another one: that is noted, and
   * the path undefined.
   */
  #spelled(around: KeyPath, names: readonly (string | number)[], line: number): KeyPath | undefined {
    const wrong = names.find((name) => typeof name === 'string' && /[A-Z]/.test(name))
    if (wrong === undefined)
      return [...around, ...names.map((name) => (typeof name === 'string' ? camelCase(name) : name))]
    const message = `unknown key "${wrong}"; keys are written in snake_case`
    this.flaws.push({ path: [...around, ...names], line, message })
    return undefined
  }

  /** Puts a value where it belongs; undefined stands for a table, which is made where there is none. */
  #put(path: KeyPath, value: unknown, line: number): void {
    const name = nameOf(path)
    if (!this.#lines.has(name)) this.#lines.set(name, line)
    let at: unknown = this.value
    for (const [index, key] of path.entries()) {
      const holder = at as Record<PropertyKey, unknown>
      const next = path[index + 1]
      if (next === undefined && value !== undefined) holder[key] = value
      else holder[key] ??= typeof next === 'number' ? [] : emptyTable()
      at = holder[key]
    }
  }
}

/** Without a prototype, so that no key means anything but itself. */
function emptyTable(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>
}

function nameOf(path: KeyPath): string {
  return JSON.stringify(path)
}
