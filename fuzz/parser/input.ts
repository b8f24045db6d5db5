import type { ParserLimits } from 'msrp/wire'
import { conversation } from '../grammar/conversation.ts'
import { mutated } from '../mutations.ts'
import { Random } from '../random.ts'

/** What one execution gives the parser. */
export interface ParserInput {
  readonly bytes: Uint8Array
  /** Where the bytes are cut, ascending. */
  readonly cuts: readonly number[]
  readonly limits: Partial<ParserLimits>
}

/** Every so many inputs are noise, come from the grammar unchanged, or are run byte by byte. */
const NOISE = 50
const SOUND = 4
const BYTE_BY_BYTE = 40

/** The input of this number: the same whenever it is asked for. */
export function parserInput(seed: number, index: number): ParserInput {
  const random = new Random(seed, index)
  const text = textOf(random)
  return { bytes: Buffer.from(text, 'latin1'), cuts: cutsOf(random, text.length), limits: limitsOf(random) }
}

function textOf(random: Random): string {
  if (random.oneIn(NOISE)) {
    const noise = random.binary(random.size(600))
    return random.oneIn(2) ? noise : `MSRP abcd ${noise}`
  }
  const text = conversation(random)
  if (random.oneIn(SOUND)) return text
  return mutated(text, random, random.oneIn(4) ? conversation(random) : text)
}

function cutsOf(random: Random, length: number): number[] {
  if (length < 2000 && random.oneIn(BYTE_BY_BYTE))
    return Array.from({ length: Math.max(0, length - 1) }, (_, at) => at + 1)
  const cuts = Array.from({ length: 1 + random.size(12) }, () => random.below(length + 1))
  return cuts.sort((one, other) => one - other)
}

function limitsOf(random: Random): Partial<ParserLimits> {
  if (!random.oneIn(10)) return {}
  return {
    headerLineBytes: random.pick([undefined, 64, 200, 1024]),
    headerBlockBytes: random.pick([undefined, 128, 500, 2048]),
    pathUris: random.pick([undefined, 1, 2]),
    nonSendBodyBytes: random.pick([undefined, 0, 1, 100]),
  }
}
