import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ADMIN_TOKEN, administeredRelay } from './support/admin.ts'
import { sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { startRelay } from './support/relay.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { startReceiver, startSender, throughRelay, underWay } from './support/transfer.ts'

const MiB = 1024 * 1024

// A relay that is told to stop while it is used: what is under way comes to its end, nothing new begins.

test('a file that is under way arrives whole, and the relay ends with 0 behind it', async () => {
  const relay = await startRelay({ settings: { drain: 60 } })
  const bob = await startReceiver(throughRelay(relay))
  const file = await writeRandomFile(join(temporaryFolder(), 'file'), 160 * MiB)
  const alice = startSender([file.path], bob)
  await underWay(bob.folder, MiB)
  relay.program.kill('SIGTERM')
  expect(await alice.exit(40_000), alice.describe()).toEqual({ code: 0, signal: null })
  expect(await relay.program.exit(20_000)).toEqual({ code: 0, signal: null })
  expect(await sha256OfFile(join(bob.folder, 'file'))).toBe(file.sha256)
})

test('what was taken is answered for, peers still come in, nobody logs in', async () => {
  const relay = await startRelay({ settings: { drain: 60 } })
  const [alice, bob, waiting] = [
    await relay.login(relay.alice),
    await relay.login(relay.bob),
    await relay.login(relay.bob),
  ]
  const sent = alice.send([alice.token, ...bob.path], 'hello')
  const message = await bob.nextRequest()
  expect((await alice.response(sent)).head.status).toBe(200)
  relay.program.kill('SIGTERM')
  await relay.program.stderr.line(/The relay stops/)

  const stranger = await relay.connect()
  expect((await stranger.authenticate(relay.alice, { toPath: [relay.uri] })).head.status).toBe(403)
  await stranger.untilClosed()
  const peer = await relay.connect()
  const coming = peer.send(waiting.path, 'late, but in time')
  waiting.respond(await waiting.nextRequest())
  expect((await peer.response(coming)).head.status).toBe(200)

  bob.respond(message)
  expect(await relay.program.exit(10_000)).toEqual({ code: 0, signal: null })
  expect(alice.requests).toEqual([])
})

test('an end that the admin port asks for, however often, is not cut short by the signals that follow it', async () => {
  const { relay, url } = await administeredRelay({ settings: { drain: 60 } })
  const [alice, bob] = [await relay.login(relay.alice), await relay.login(relay.bob)]
  const sent = alice.send([alice.token, ...bob.path], 'hello')
  const message = await bob.nextRequest()
  expect((await alice.response(sent)).head.status).toBe(200)
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  for (let asked = 0; asked < 2; asked++) {
    expect((await fetch(`${url}/drain`, { method: 'POST', headers })).status).toBe(202)
    await relay.program.stderr.line(/The relay stops/)
  }
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    // Signals that follow at once count as one.
    await new Promise((resolve) => setTimeout(resolve, 400))
    relay.program.kill(signal)
  }
  bob.respond(message)
  expect(await relay.program.exit(10_000)).toEqual({ code: 0, signal: null })
  expect(alice.requests).toEqual([])
})

test('what is not confirmed when the time is over is reported to its sender', async () => {
  const relay = await startRelay({ settings: { drain: 1 } })
  const [alice, bob] = [await relay.login(relay.alice), await relay.login(relay.bob)]
  const sent = alice.send([alice.token, ...bob.path], 'hello')
  await bob.nextRequest()
  relay.program.kill('SIGTERM')
  expect(await alice.failure(sent)).toBe(481)
  expect(await relay.program.exit(10_000)).toEqual({ code: 0, signal: null })
})
