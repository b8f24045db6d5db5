import { MsrpError, type MsrpErrorCode } from 'msrp/wire'
import { snakeCase } from './field.ts'

/** A key of the settings with those around it, as the program spells them; numbers count tables of a list, from 0. */
export type KeyPath = readonly PropertyKey[]

/** Something wrong with settings. */
export interface Flaw {
  readonly path: KeyPath
  /** The line of the file, from 1; undefined when there is none. */
  readonly line?: number | undefined
  /** What is wrong, what is expected, what to do; names the key. One line. */
  readonly message: string
  /** What kind of error it is, when it is not the file that is wrong but what it names. Default: `invalid-argument`. */
  readonly code?: MsrpErrorCode
}

/** `limits.header_line_bytes`, `listen[1].host`, as the file spells it. */
export function keyName(path: KeyPath): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`
    const key = snakeCase(String(part))
    return name === '' ? key : `${name}.${key}`
  }, '')
}

/** All of it as one error: in one line if it is one flaw, else a line each. `source`: the file, if there is one. */
export function flawsError(source: string | undefined, flaws: readonly Flaw[]): MsrpError {
  const codes = new Set(flaws.map(({ code }) => code ?? 'invalid-argument'))
  const [code = 'invalid-argument'] = codes.size === 1 ? codes : []
  return new MsrpError(code, flawLines(source, flaws).join('\n'))
}

/** What is wrong, for people: one line, or one that says how much it is and then one for each. */
export function flawLines(source: string | undefined, flaws: readonly Flaw[]): string[] {
  const [only] = flaws
  if (only !== undefined && flaws.length === 1) {
    const line = only.line === undefined ? '' : `, line ${only.line}`
    return [source === undefined ? only.message : `${source}${line}: ${only.message}`]
  }
  const listed = flaws.map(({ line, message }) => (line === undefined ? `  ${message}` : `  line ${line}: ${message}`))
  return [`${source ?? 'settings'}: ${flaws.length} things are wrong`, ...listed]
}
