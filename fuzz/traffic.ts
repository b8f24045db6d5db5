import { conversation, message, type World } from './grammar/conversation.ts'
import { mutated } from './mutations.ts'
import type { Random } from './random.ts'

/**
 * What somebody sends who knows paths and ids: whole messages, sound conversations, and mutated ones, of which each ends
 * a connection sooner or later.
 */
export function traffic(random: Random, world: World): string {
  if (random.oneIn(3)) return message(random, world)
  const text = conversation(random, world)
  return random.oneIn(2) ? text : mutated(text, random, random.oneIn(4) ? conversation(random, world) : text)
}
