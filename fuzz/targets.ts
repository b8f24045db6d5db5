import { cpimTarget } from './cpim/target.ts'
import { multipartTarget } from './multipart/target.ts'
import { parserTarget } from './parser/target.ts'
import { endpointTarget } from './state/endpoint.ts'
import { relayTarget } from './state/relay.ts'
import type { Target } from './target.ts'

/** What runs inside worker processes, by name. */
export const targets: Readonly<Record<string, Target>> = {
  parser: parserTarget,
  cpim: cpimTarget,
  multipart: multipartTarget,
  endpoint: endpointTarget,
  relay: relayTarget,
}

/** The target of this name. */
export function targetOf(name: string): Target {
  const target = targets[name]
  if (target === undefined) throw new Error(`there is no target ${name}, only ${Object.keys(targets).join(', ')}`)
  return target
}
