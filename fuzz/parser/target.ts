import type { Target } from '../target.ts'
import { checkParser } from './check.ts'
import { parserInput } from './input.ts'

/** Of so many inputs one is also compared with the plain codec, or by all values; both are slow. */
const ORACLE = 6
const VALUES = 16
const ORACLE_BYTES = 8192

/** The parser of the wire layer, with every field read and written again. */
export const parserTarget: Target = {
  run: (seed, index) => {
    const input = parserInput(seed, index)
    const oracle = index % ORACLE === 0 && input.bytes.length <= ORACLE_BYTES
    const { error, compared } = checkParser(input, { oracle, values: index % VALUES === 0 })
    return error ?? (compared ? 'read, as the plain codec does' : 'read')
  },
  bytes: (seed, index) => parserInput(seed, index).bytes,
  slow: 100,
  plainErrors: true,
}
