import { ResumingSession } from '../../src/resuming/index.ts'
import type { ResumingEvent, ResumingOptions } from '../../src/resuming/options.ts'
import type { Session } from '../../src/session/api.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import type { EndpointOptions, PrepareOptions, SessionOptions } from '../../src/session/options.ts'
import { MemoryPlatform } from '../session/memory-platform.ts'
import { settled } from '../session/raw-peer.ts'
import { type MemoryPair, type MemoryPairOptions, memoryPair } from '../transport/memory-transport.ts'

/** Somebody writes to a cable: `near` is who connects. What is answered with `cut` is lost, and the cable with it. */
export type Watch = (from: 'near' | 'far', text: string, cable: number) => 'cut' | undefined

export interface ResumingStage {
  readonly clock: MemoryPlatform['clock']
  readonly far: MemoryPlatform
  /** The one who connects, and the one who waits. */
  readonly alice: ResumingSession
  readonly bob: ResumingSession
  readonly events: { alice: ResumingEvent[]; bob: ResumingEvent[] }
  /** All connections so far. */
  readonly cables: MemoryPair[]
  /** Cuts the latest one. */
  cut(): void
  /** Moves time on, a second at a time, until something holds. */
  until(condition: () => boolean): Promise<void>
  close(): Promise<void>
}

/** Two sides that come back to each other, over cables that can be cut. */
export function resumingStage(
  options: {
    alice?: Partial<ResumingOptions>
    bob?: Partial<ResumingOptions>
    session?: SessionOptions
    listen?: PrepareOptions
    endpoint?: EndpointOptions
    watch?: Watch
    cable?: MemoryPairOptions
    /** While it says so nobody can connect. */
    down?: () => boolean
  } = {},
): ResumingStage {
  const far = new MemoryPlatform()
  const near = new MemoryPlatform(far.clock)
  const { clock } = far
  const cables: MemoryPair[] = []
  const endpointOptions = { resumeFor: 600_000, ...options.endpoint }
  near.dial = async (target) => {
    if (options.down?.()) throw new Error('no way to get there')
    const pair = memoryPair(options.cable)
    const number = cables.push(pair) - 1
    for (const [from, end] of [['near', pair.left] as const, ['far', pair.right] as const]) {
      const write = end.write.bind(end)
      end.write = (bytes) => {
        if (options.watch?.(from, new TextDecoder().decode(bytes), number) === 'cut') pair.drop()
        else write(bytes)
      }
    }
    far.take(target.port, pair.right)
    return pair.left
  }
  const [nearEndpoint, farEndpoint] = [new MsrpEndpoint(near, endpointOptions), new MsrpEndpoint(far, endpointOptions)]
  const listening = farEndpoint.prepare({ listen: {}, remotePath: 'first', ...options.session, ...options.listen })
  const events: ResumingStage['events'] = { alice: [], bob: [] }
  const side = (name: 'alice' | 'bob', next: () => Promise<Session>): ResumingSession =>
    new ResumingSession({
      clock,
      random: far.random,
      next,
      ...options[name],
      onEvent: (event) => {
        events[name].push(event)
        options[name]?.onEvent?.(event)
      },
    })
  const bob = side('bob', async () => (await (await listening).sessions().next()).value as Session)
  const alice = side('alice', async () =>
    nearEndpoint.connect({ path: (await listening).localPath, ...options.session }),
  )
  return {
    clock,
    far,
    alice,
    bob,
    events,
    cables,
    cut: () => cables.at(-1)?.drop(),
    until: async (condition) => {
      for (let second = 0; second < 400; second++) {
        await settled(10)
        if (condition()) return
        await clock.advance(1_000)
      }
      throw new Error('it did not happen within 400 s')
    },
    close: async () => {
      await Promise.all([alice.close(), bob.close(), nearEndpoint.close(), farEndpoint.close()])
    },
  }
}

/** Collects the texts of what comes, in order. */
export function collect(session: Session): string[] {
  const texts: string[] = []
  const go = async (): Promise<void> => {
    for await (const message of session) texts.push(await message.text())
  }
  void go()
  return texts
}
