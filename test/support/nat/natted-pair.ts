import { join } from 'node:path'
import { expect } from 'vitest'
import { type Side, say } from '../chat.ts'
import { startProgram } from '../process.ts'
import { sha256OfFile, writeRandomFile } from '../random-file.ts'
import { startRelay } from '../relay.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { nextEvent, throughRelay, type Way } from '../transfer.ts'
import { type NattedHost, PUBLIC_ADDRESS, type TwoNats, twoNats } from './two-nats.ts'

/** Alice and Bob behind a NAT each, and a relay that both can reach. */
export interface NattedPair extends TwoNats {
  /** Alice calls, Bob waits. */
  readonly way: Way
}

/** Until the end of the test file. `remembers`: how many seconds the NATs keep a silent connection in mind. */
export async function nattedPair({ remembers }: { remembers: number }): Promise<NattedPair> {
  const network = await twoNats(remembers)
  const { server, alice, bob } = network
  const name = 'relay.example.test'
  const relay = await startRelay({ name, host: PUBLIC_ADDRESS, within: server.words, lifetime: 'file' })
  const resolve = ['--resolve', `${name}=${PUBLIC_ADDRESS}`]
  const { receiver, sender } = throughRelay(relay)
  const way: Way = {
    receiver: [...receiver, ...resolve],
    sender: [...sender, ...resolve],
    within: { receiver: bob.host.words, sender: alice.host.words },
  }
  return { ...network, way }
}

/** A connection to some other server over which nothing ever goes and that nobody keeps alive; its port at the host. */
export async function silentConnection({ server }: TwoNats, { host }: NattedHost): Promise<number> {
  const listens = `const server = require('node:net').createServer().listen(0, '${PUBLIC_ADDRESS}', () =>
    console.log('port ' + server.address().port))`
  const [, port] = await startProgram(process.execPath, ['-e', listens], { within: server.words }).line(portLine)
  const connects = `const socket = require('node:net').connect(${port}, '${PUBLIC_ADDRESS}', () =>
    console.log('port ' + socket.localPort))`
  const [, own] = await startProgram(process.execPath, ['-e', connects], { within: host.words }).line(portLine)
  return Number(own)
}

const portLine = /^port (\d+)$/

/** A file and a text both ways. */
export async function expectChat({ alice, bob }: { alice: Side; bob: Side }): Promise<void> {
  await expectFile(alice, bob, 1)
  await expectFile(bob, alice, 2)
  await say(alice.program, bob.program, 'your file is here')
  await say(bob.program, alice.program, 'and so is yours')
}

async function expectFile(from: Side, to: Side, seed: number): Promise<void> {
  const file = await writeRandomFile(join(temporaryFolder(), `file-${seed}.bin`), 5_000_000, seed)
  await from.program.write(`/send ${file.path}\n`)
  const { path } = await nextEvent(to.program, ({ event, name }) => event === 'message' && name === `file-${seed}.bin`)
  expect(await sha256OfFile(String(path))).toBe(file.sha256)
}
