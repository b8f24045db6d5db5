import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../../fuzz/random.ts'
import type { Program } from '../process.ts'
import type { Link, LinkedConnection } from './link.ts'

/** A process that can be stopped for a while, and killed when it can be `started` again. */
export interface Victim {
  readonly name: string
  program: Program
  /** Absent: it must not be killed. Resolves when it is at work. */
  readonly start?: () => Promise<Program>
}

/** Something that happens to one process or link, and is over when the promise settles. */
export interface Disturbance {
  /** `kill relay-a`: for the account. */
  readonly name: string
  /** No two of one victim at the same time. */
  readonly victim: object
  happen(): Promise<void>
}

/** How long something lasts, in milliseconds: `long` once in a while, the rest short. */
export interface Lengths {
  readonly long: number
  readonly short: number
}

/** Draws what happens next. All that is drawn is drawn here, whatever becomes of it. */
export function drawDisturbance(
  random: Random,
  victims: readonly Victim[],
  links: readonly { name: string; link: Link }[],
  lengths: Lengths,
): Disturbance {
  const length = random.oneIn(8) ? lengths.long : random.between(50, lengths.short)
  const lot = random.below(10)
  if (lot < 5) {
    const victim = random.pick(victims.filter(({ start }) => start !== undefined))
    return kill(victim, { hung: random.oneIn(4) ? 0 : random.between(50, 500), down: random.between(0, 400) })
  }
  if (lot < 7) return stop(random.pick(victims), length)
  return harm(random.pick(links), random, length)
}

/** `hung`: how long it does nothing before it dies, so that much is under way; `down`: until it is started again. */
function kill(victim: Victim, { hung, down }: { hung: number; down: number }): Disturbance {
  return {
    name: `kill ${victim.name}`,
    victim,
    async happen() {
      if (hung > 0) {
        victim.program.kill('SIGSTOP')
        await pause(hung)
      }
      victim.program.kill('SIGKILL')
      await victim.program.exit()
      await pause(down)
      if (victim.start !== undefined) victim.program = await victim.start()
    },
  }
}

function stop(victim: Victim, length: number): Disturbance {
  return {
    name: `stop ${victim.name}`,
    victim,
    async happen() {
      victim.program.kill('SIGSTOP')
      await pause(length)
      victim.program.kill('SIGCONT')
    },
  }
}

/** What befalls the connections of a link. */
type Harm = (connection: LinkedConnection) => (() => void) | undefined

function harm({ name, link }: { name: string; link: Link }, random: Random, length: number): Disturbance {
  const bytes = random.size(40_000)
  const most = random.between(1, 700)
  const direction = random.pick(['there', 'back'] as const)
  const harms: Record<string, Harm> = {
    reset: (connection) => void connection.reset(),
    end: (connection) => void connection.end(),
    stall: (connection) => connection.stall(),
    cut: (connection) => void connection.cutAfter(direction, bytes),
    lose: (connection) => {
      connection.lose(direction)
      return () => connection.reset()
    },
    'lose all of': (connection) => {
      connection.lose('both')
      return () => connection.reset()
    },
    split: (connection) => connection.split(most),
  }
  const kind = random.pick(Object.keys(harms))
  const all = random.oneIn(2)
  const which = random.below(1000)
  return {
    name: `${kind} ${name}`,
    victim: link,
    async happen() {
      const { connections } = link
      const one = connections[which % connections.length]
      const suffering = all ? connections : one === undefined ? [] : [one]
      const over = suffering.map((connection) => harms[kind]?.(connection))
      await pause(length)
      for (const end of over) end?.()
    },
  }
}
