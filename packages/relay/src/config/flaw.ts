import { MsrpError } from 'msrp/wire'
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
}

/** `limits.header_line_bytes`, `listen[1].host`, as the file spells it. */
export function keyName(path: KeyPath): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`
    const key = snakeCase(String(part))
    return name === '' ? key : `${name}.${key}`
  }, '')
}

/** All of it as one error `invalid-argument`: in one line if it is one flaw, else a line each. */
export function flawsError(source: string, flaws: readonly Flaw[]): MsrpError {
  const [first] = flaws
  const message =
    first !== undefined && flaws.length === 1
      ? `${source}${first.line === undefined ? '' : `, line ${first.line}`}: ${first.message}`
      : [`${source}: ${flaws.length} things are wrong`, ...flaws.map(listed)].join('\n')
  return new MsrpError('invalid-argument', message)
}

function listed({ line, message }: Flaw): string {
  return line === undefined ? `  ${message}` : `  line ${line}: ${message}`
}
