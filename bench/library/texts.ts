import { connect, Endpoint, type PreparedSession, type Session } from 'msrp'
import type { TextsTask } from './job.ts'
import { tlsOf } from './tls-options.ts'
import { UsageMeter } from './usage-meter.ts'
import type { Receiving, Sending } from './worker.ts'

const TEXT = 'x'.repeat(200)

/** Takes texts on every session. */
export const receiveTexts: Receiving<TextsTask> = async ({ sessions, count }, job) => {
  const endpoint = new Endpoint()
  const places: PreparedSession[] = []
  for (let made = 0; made < sessions; made++) {
    const listen = job.secure ? { tls: tlsOf(job).own } : {}
    places.push(await endpoint.prepare({ listen, remotePath: 'first' }))
  }
  return {
    targets: places.map(({ localPath }) => localPath),
    done: async () => {
      const arrived = await Promise.all(places.map(async (place) => (await place.sessions().next()).value as Session))
      const meter = new UsageMeter()
      const taken = await Promise.all(arrived.map(take))
      const usage = meter.usage()
      const all = taken.reduce((sum, one) => sum + one, 0)
      if (all !== count) throw new Error(`${all} of ${count} texts have come`)
      await endpoint.close()
      return usage
    },
  }
}

/** Sends them: each session has so many under way, and goes on when one of them is delivered. */
export const sendTexts: Sending<TextsTask> = async ({ sessions, underWay, count }, job, targets) => {
  const tls = job.secure ? { tls: tlsOf(job).peer } : {}
  const made = await Promise.all(targets.map((path) => connect({ path, ...tls })))
  const meter = new UsageMeter()
  const share = count / sessions
  await Promise.all(
    made.map((session) => {
      let left = share
      const one = async (): Promise<void> => {
        while (left-- > 0) await session.send(TEXT).delivered
      }
      return Promise.all(Array.from({ length: underWay }, one))
    }),
  )
  const usage = meter.usage()
  await Promise.all(made.map((session) => session.close()))
  return usage
}

async function take(session: Session): Promise<number> {
  let taken = 0
  for await (const message of session) {
    if ((await message.text()) === TEXT) taken++
  }
  return taken
}
