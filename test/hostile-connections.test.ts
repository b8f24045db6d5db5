import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { nodeRandom } from 'msrp/node'
import { newTransactionId } from 'msrp/wire'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { saysItsHeap } from './support/heap.ts'
import { startProgram } from './support/process.ts'
import type { RawClient } from './support/raw-client.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { until } from './support/transfer.ts'
import { underAttack } from './support/under-attack.ts'
import { endpointVictims, relayVictims, type Victim } from './support/victim.ts'

// People who take places and give nothing: connections up to the limit, peers that do not read, next hops that do not
// answer. Each is let go within a time that the settings give, and the others go on.

const MiB = 1024 * 1024
const limits = {
  unauthenticated_time: 1,
  connections_per_address: 60,
  stalled_time: 1,
  connect_time: 1,
  // All fifteen senders below together may fill as much as one of them.
  buffer_per_flow: 16 * MiB,
  total_buffer: 16 * MiB,
}

/** Bytes that lie in the buffers of sockets between two programs, with what TLS adds. */
const KERNEL = 24 * MiB

/** What docs/relay.md allows for these settings. */
const memory = 2.5 * limits.total_buffer + limits.connections_per_address * 0.5 * MiB

let relay: TestRelay
let victims: Victim[]

beforeAll(async () => {
  relay = await startRelay({ env: saysItsHeap, lifetime: 'file', settings: { limits } })
  victims = relayVictims(relay)
})

const longMessage = [
  ['Message-ID', 'message1'],
  ['Byte-Range', '1-*/*'],
] as const

/** A message that goes on until its sender is held up, or the connection ends. */
interface Endless {
  transactionId: string
  /** Bytes that were taken so far. */
  taken: number
}

/** More than anybody takes in the time that these tests give. */
const ENDLESS = 1024 * MiB

function sendWithoutEnd(client: RawClient, toPath: readonly string[]): Endless {
  const message = { transactionId: newTransactionId(nodeRandom), taken: 0 }
  const block = Buffer.alloc(MiB / 4, 'x')
  client.write(client.head('SEND', { transactionId: message.transactionId, toPath, fields: longMessage, body: '' }))
  const run = async (): Promise<void> => {
    while (message.taken < ENDLESS && !client.closed) {
      await client.write(block)
      if (!client.closed) message.taken += block.byteLength
    }
  }
  void run()
  return message
}

/** It ends with one of these; until then no more was taken of it than its buffer and those of the kernels hold. */
async function expectHeldUp(
  client: RawClient,
  { message, status }: { message: Endless; status: number[] },
): Promise<void> {
  const { head } = await client.response(message.transactionId, 15_000)
  expect(message.taken).toBeLessThan(limits.buffer_per_flow + KERNEL)
  expect(head.status).toBeOneOf(status)
}

describe('a flood of connections', () => {
  test('is refused from the limit on, before TLS; old ones keep working, and there is room again in time (RFC4976-6.5-2, RFC4976-6.5-3)', async () => {
    await underAttack(victims, async (victim) => {
      const sockets: Socket[] = []
      for (let index = 0; index < 200; index++) sockets.push(await victim.socket())
      for (const socket of sockets) socket.resume()
      const open = (): number => sockets.filter(({ closed }) => !closed).length
      await until(() => open() <= 58, 'end of those above the limit')
      // alice and bob are two of the sixty.
      expect(open()).toBe(58)
      await expect(relay.login(relay.alice)).rejects.toThrow()
      await until(() => open() === 0, 'end of those that never said a word', 8_000)
      const late = await relay.login(relay.alice)
      late.destroy()
    })
  })

  test('from many addresses is refused from the limit for all on; old ones keep working, and each that goes makes room', async () => {
    const few = await startRelay({ settings: { limits: { connections: 12, connections_per_address: 6 } } })
    const [alice, bob] = [await few.login(few.alice), await few.login(few.bob)]
    const from = async (address: number): Promise<Socket> => {
      const socket = connect({ host: '127.0.0.1', port: few.port, localAddress: `127.0.0.${address}` })
      onTestFinished(() => {
        socket.destroy()
      })
      socket.on('error', () => {}).resume()
      await once(socket, 'connect')
      return socket
    }
    const sockets = await Promise.all(Array.from({ length: 30 }, (_, index) => from(2 + (index % 10))))
    const open = (): Socket[] => sockets.filter(({ closed }) => !closed)
    await until(() => open().length <= 10, 'end of those above the limit')
    expect(open()).toHaveLength(10)
    await expect(few.connect()).rejects.toThrow()

    const sent = alice.request('SEND', {
      toPath: [alice.token, ...bob.path],
      fields: [
        ['Message-ID', 'message1'],
        ['Byte-Range', '1-5/5'],
      ],
      body: 'hello',
    })
    expect((await alice.response(sent)).head.status).toBe(200)
    await until(() => bob.requests.some(({ head }) => head.method === 'SEND'), 'message of the old ones')

    // Told once for each address, not for each connection.
    const told = (): number => few.program.stderr.text.split('refused: too many connections').length - 1
    await until(() => told() > 0, 'line in the log')
    expect(told()).toBeLessThanOrEqual(11)

    open()[0]?.destroy()
    let late: RawClient | undefined
    // The relay may hear of it a moment later.
    while (late === undefined) late = await few.login(few.alice).catch(() => undefined)
    await expect(few.connect()).rejects.toThrow()
    for (const client of [late, alice, bob]) client.destroy()
  })

  test('that stop in the middle of their TLS handshake counts as well', async () => {
    await underAttack(victims, async (victim) => {
      const sockets = await Promise.all(Array.from({ length: 100 }, () => victim.socket()))
      for (const socket of sockets) {
        socket.resume()
        // A ClientHello of 512 bytes, of which the first 5 come.
        socket.write(Buffer.of(0x16, 3, 1, 2, 0))
      }
      const open = (): number => sockets.filter(({ closed }) => !closed).length
      await until(() => open() <= 58, 'end of those above the limit')
      await until(() => open() === 0, 'end of the rest', 8_000)
    })
  })

  test('to an endpoint is refused from 256 on, and its session goes on', async () => {
    await underAttack(await endpointVictims(), async (victim) => {
      const sockets = await Promise.all(Array.from({ length: 400 }, () => victim.socket()))
      for (const socket of sockets) socket.resume()
      const open = (): number => sockets.filter(({ closed }) => !closed).length
      await until(() => open() <= 256, 'end of those above the limit')
      expect(open()).toBeGreaterThan(200)
      for (const socket of sockets) socket.destroy()
    })
  })
})

describe('a receiver', () => {
  test('that never reads is let go, and its senders are told', async () => {
    await underAttack(victims, async () => {
      const [alice, bob] = [await relay.login(relay.alice), await relay.login(relay.bob)]
      bob.pause()
      const sent = sendWithoutEnd(alice, [alice.token, ...bob.path])
      await expectHeldUp(alice, { message: sent, status: [481] })
      for (const client of [alice, bob]) client.destroy()
    })
  })

  test('that reads a byte a second is let go, and its senders are told', async () => {
    await underAttack(victims, async (victim) => {
      const alice = await relay.login(relay.alice)
      const { client: bob, stream } = await victim.connect({ uri: 'msrps://bob.invalid:9000/bob;tcp' })
      await bob.authenticate(relay.bob, { toPath: [relay.uri] })
      bob.pause()
      const sent = sendWithoutEnd(alice, [alice.token, ...bob.path])
      const reading = setInterval(() => stream.read(1), 1000)
      onTestFinished(() => clearInterval(reading))
      await expectHeldUp(alice, { message: sent, status: [481] })
      alice.destroy()
    })
  })

  test('one of fifteen that never read does not get more than its share of the memory of all', async () => {
    await underAttack(
      victims,
      async () => {
        const pairs: [RawClient, RawClient][] = []
        for (let index = 0; index < 15; index++) {
          pairs.push([await relay.login(relay.alice), await relay.login(relay.bob)])
        }
        const sent = pairs.map(([alice, bob]) => {
          bob.pause()
          return sendWithoutEnd(alice, [alice.token, ...bob.path])
        })
        for (const [index, [alice]] of pairs.entries()) {
          await expectHeldUp(alice, { message: sent[index] as Endless, status: [481] })
        }
        for (const client of pairs.flat()) client.destroy()
      },
      { memory },
    )
  })
})

describe('a next hop', () => {
  test('that accepts and never speaks TLS ends with 408 for those who send there', async () => {
    await underAttack(victims, async () => {
      const silent = createServer()
      const accepted = new Set<Socket>()
      silent.on('connection', (socket) => accepted.add(socket))
      silent.listen(0, '127.0.0.1')
      await once(silent, 'listening')
      onTestFinished(() => {
        silent.close()
        for (const socket of accepted) socket.destroy()
      })
      const alice = await relay.login(relay.alice)
      const { port } = silent.address() as { port: number }
      const sent = sendWithoutEnd(alice, [alice.token, `msrps://127.0.0.1:${port}/peer;tcp`])
      await expectHeldUp(alice, { message: sent, status: [408] })
      alice.destroy()
    })
  })

  test('that never accepts ends with an error for those who send there', async () => {
    await underAttack(victims, async () => {
      const alice = await relay.login(relay.alice)
      const sent = sendWithoutEnd(alice, [alice.token, `msrps://127.0.0.1:${await fullPort()}/peer;tcp`])
      // The kernel there may complete the connection nevertheless; then it is TLS that gets no answer.
      await expectHeldUp(alice, { message: sent, status: [408, 481] })
      alice.destroy()
    })
  })
})

/** A port of a program that is stopped, with its backlog full: connecting there gets no answer at all. */
async function fullPort(): Promise<number> {
  const script = `
    const server = require('node:net').createServer()
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log('port ' + server.address().port))
  `
  const program = startProgram(process.execPath, ['-e', script])
  const port = Number((await program.line(/port (\d+)/))[1])
  program.kill('SIGSTOP')
  for (let index = 0; index < 4; index++) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    onTestFinished(() => {
      socket.destroy()
    })
  }
  return port
}
