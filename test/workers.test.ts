import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startMsrp } from './support/process.ts'
import type { RawClient } from './support/raw-client.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { filesIn, until } from './support/transfer.ts'
import { loginAt, runs, startWorkers, workerPids } from './support/workers.ts'

// A relay of two processes. What takes longer is in workers.long.test.ts.

test('with one port: sessions of both workers reach each other, and each of them ends alone', async () => {
  const folder = temporaryFolder()
  const admin = { socket: join(temporaryFolder(), 'admin.sock'), token: 'sixteen-characters' }
  const relay = await startWorkers('single-port', { env: { TMPDIR: folder }, settings: { admin } })
  expect(filesIn(folder)).toHaveLength(1)
  const alice = await loginAt(relay, 0, relay.alice)
  const bob = await loginAt(relay, 1, relay.bob)
  expect(new Set([alice, bob].map(({ token }) => portOf(token)))).toEqual(new Set([relay.port]))
  await expectText(alice, [alice.token, ...bob.path], bob, 'hello bob')
  await expectText(bob, [bob.token, ...alice.path], alice, 'hello alice')

  // Peers without a relay come to either worker, whoever the session is with.
  const peers = await Promise.all(
    Array.from({ length: 4 }, (_, index) => relay.connect({ uri: `msrps://peer${index}.invalid:9000/peer;tcp` })),
  )
  const others = await Promise.all(peers.map(() => loginAt(relay, 0, relay.alice)))
  for (const [index, peer] of peers.entries()) {
    const other = others[index]!
    await expectText(peer, other.path, other, `hello from ${index}`)
    await expectText(other, [other.token, peer.uri], peer, `hello to ${index}`)
  }

  const [first, second] = workerPids(relay)
  process.kill(second!, 'SIGKILL')
  await bob.untilClosed()
  await relay.program.stderr.line(/"worker":1.*"a worker serves again"/, { milliseconds: 20_000 })
  expect(workerPids(relay)[0]).toBe(first)
  const again = await loginAt(relay, 1, relay.bob)
  await expectText(alice, [alice.token, ...again.path], again, 'you are back')
  const late = alice.send([alice.token, ...bob.path], 'and you are gone')
  expect(await alice.failure(late)).toBe(481)

  // The admin port of any worker speaks for all.
  const ask = (what: string) => [
    'relay',
    what,
    '--json',
    '--admin',
    admin.socket.replace('.sock', '.1.sock'),
    '--token-file',
  ]
  const token = join(temporaryFolder(), 'token')
  writeFileSync(token, admin.token, { mode: 0o600 })
  writeFileSync(
    relay.config,
    readFileSync(relay.config, 'utf8').replace(/^state_folder = .*/m, 'state_folder = "elsewhere"'),
  )
  const reload = startMsrp([...ask('reload'), token])
  expect(await reload.exit(), reload.describe()).toEqual({ code: 0, signal: null })
  expect(reload.stdout.json).toEqual([{ event: 'reloaded', later: ['state_folder'] }])
  writeFileSync(relay.config, 'drain = "soon"')
  const refused = startMsrp([...ask('reload'), token])
  expect(await refused.exit(), refused.describe()).toEqual({ code: 11, signal: null })
  expect(refused.stderr.text).toMatch(/drain must be a whole number.*everything stays as it was/)

  const pids = workerPids(relay).map((pid) => pid!)
  expect(await startMsrp([...ask('drain'), token]).exit()).toEqual({ code: 0, signal: null })
  expect(await relay.program.exit()).toEqual({ code: 0, signal: null })
  expect(pids.filter(runs)).toEqual([])
  expect(filesIn(folder)).toEqual([])
})

test('with a port for each: a peer comes to the right one at once', async () => {
  const folder = temporaryFolder()
  const relay = await startWorkers('ports', { env: { TMPDIR: folder } })
  const alice = await loginAt(relay, 0, relay.alice)
  const bob = await loginAt(relay, 1, relay.bob)
  expect(portOf(bob.token)).toBe(portOf(alice.token) + 1)
  expect(portOf(alice.token)).not.toBe(relay.port)
  await expectText(alice, [alice.token, ...bob.path], bob, 'hello bob')
  const peer = await relay.connect({ uri: 'msrps://peer.invalid:9000/peer;tcp', port: portOf(bob.token) })
  const carol = await loginAt(relay, 1, relay.alice)
  await expectText(peer, carol.path, carol, 'hello carol')

  // Who starts the workers is gone: they have nobody to serve for.
  const pids = workerPids(relay).map((pid) => pid!)
  relay.program.kill('SIGKILL')
  await until(() => !pids.some(runs), 'end of the workers', 20_000)
  expect(filesIn(folder)).toEqual([])
})

async function expectText(from: RawClient, path: readonly string[], to: RawClient, text: string): Promise<void> {
  const sent = from.send(path, text)
  const arrived = await to.nextRequest(({ body }) => String(body) === text)
  to.respond(arrived)
  expect((await from.response(sent)).head.status).toBe(200)
}

function portOf(token: string): number {
  return Number(/^msrps:\/\/[^/]+:(\d+)\//.exec(token)?.[1])
}
