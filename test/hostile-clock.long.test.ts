import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeRandom } from 'msrp/node'
import { newMessageId } from 'msrp/wire'
import { describe, expect, test } from 'vitest'
import type { Program } from './support/process.ts'
import { credentialsFor, RawClient } from './support/raw-client.ts'
import { startRelay } from './support/relay.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { Texts } from './support/texts.ts'
import { overTcp, startReceiver } from './support/transfer.ts'

// The machine's clock is set while a relay or an endpoint runs: its wall clock, as the program reads it, jumps on a signal.

const day = 86_400_000

/** Loaded into a program before anything else. At SIGUSR2 its Date is as far off as the file says. */
const jumping = (file: string): string => `
  const { readFileSync } = await import('node:fs')
  const Real = Date
  let off = 0
  process.on('SIGUSR2', () => {
    off = Number(readFileSync(${JSON.stringify(file)}, 'utf8'))
    console.log('the clock says ' + new Date().toISOString())
  })
  globalThis.Date = class extends Real {
    constructor(...values) { values.length === 0 ? super(Real.now() + off) : super(...values) }
    static now() { return Real.now() + off }
  }
`

/** What to start a program with, so that its clock jumps when it is told to. */
function clockThatJumps(): {
  env: Record<string, string>
  jump: (program: Program, milliseconds: number) => Promise<void>
} {
  const file = join(temporaryFolder(), 'off')
  const script = Buffer.from(jumping(file)).toString('base64')
  const env = { NODE_OPTIONS: `--import=data:text/javascript;base64,${script}` }
  const jump = async (program: Program, milliseconds: number): Promise<void> => {
    writeFileSync(file, String(milliseconds))
    const there = new Date(Date.now() + milliseconds).toISOString().slice(0, 13)
    program.kill('SIGUSR2')
    await program.line(new RegExp(`the clock says ${there}`))
  }
  return { env, jump }
}

describe.each([
  ['a day ahead', day],
  ['a day back', -day],
])('the clock, set %s,', (_, milliseconds) => {
  test('ends no session of a running relay, admits no replay, and lets everybody go on', async () => {
    const { env, jump } = clockThatJumps()
    const relay = await startRelay({ env, settings: { limits: { unauthenticated_time: 2 } } })
    const [alice, bob] = [await relay.login(relay.alice), await relay.login(relay.bob)]
    const texts = new Texts(alice, [alice.token, ...bob.path], bob)
    await texts.more(1)

    const carol = await relay.connect()
    const challenge = await carol.response(carol.request('AUTH', { toPath: [relay.uri] }))
    const credentials = credentialsFor(challenge, { ...relay.alice, uri: relay.uri })
    const later = credentialsFor(challenge, { ...relay.alice, uri: relay.uri, count: 2 })
    expect((await carol.answer(credentials, { toPath: [relay.uri] })).head.status).toBe(200)

    await jump(relay.program, milliseconds)
    await texts.more()
    // The same again is a replay; the next count of the same nonce is none, and the nonce is as young as it was.
    expect((await carol.answer(credentials, { toPath: [relay.uri] })).head.status).toBe(401)
    expect((await carol.answer(later, { toPath: [relay.uri] })).head.status).toBe(200)
    for (let round = 0; round < 10; round++) {
      expect((await carol.authenticate(relay.alice, { toPath: [carol.token] })).head.status).toBe(200)
    }
    const sent = carol.send([carol.token, ...bob.path], 'hello', { fields: [['Message-ID', newMessageId(nodeRandom)]] })
    expect((await carol.response(sent)).head.status).toBeOneOf([200, 506])

    // Who comes now has the two seconds that the settings give, no less and no more.
    const begin = performance.now()
    const stranger = await relay.connect()
    await stranger.untilClosed()
    expect(performance.now() - begin).toBeGreaterThan(1_500)

    await jump(relay.program, 0)
    await texts.more()
  })

  test('ends no session of a running endpoint, which takes texts as before', async () => {
    const { env, jump } = clockThatJumps()
    const { program, to } = await startReceiver(overTcp, { args: ['--count', '1000000'], env })
    const uri = to[1] ?? ''
    const client = await RawClient.connect({ port: Number(/:(\d+)\//.exec(uri)?.[1]) })
    const texts = new Texts(client, [uri])
    await texts.more(1)
    await jump(program, milliseconds)
    await texts.more(20)
    await jump(program, 0)
    await texts.more(20)
    expect([client.closed, program.exited]).toEqual([false, undefined])
  })
})
