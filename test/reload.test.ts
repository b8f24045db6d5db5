import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { issueCertificate } from 'msrp-relay/certificates'
import { expect, test } from 'vitest'
import { freePort } from './support/free-port.ts'
import { RawClient } from './support/raw-client.ts'
import { newAuthority, startRelay, type TestRelay } from './support/relay.ts'

// A relay that reads its configuration and certificates again while sessions go on.

test('what is new holds for what begins, and sessions go on', async () => {
  const authority = await newAuthority()
  const relay = await startRelay({ authority, settings: { expires: { default: 1000 } } })
  const [alice, bob] = [await relay.login(relay.alice), await relay.login(relay.bob)]
  const before = await serialNumber(relay)
  const { certificate, key } = await issueCertificate({ names: ['localhost', '127.0.0.1'], ca: authority })
  const folder = join(relay.config, '..')
  writeFileSync(join(folder, 'relay.pem'), certificate)
  writeFileSync(join(folder, 'relay.key'), key)
  const port = await freePort()
  change(
    relay,
    (text) => `${text.replace('default = 1000', 'default = 2000')}\n[[listen]]\nhost = "127.0.0.1"\nport = ${port}\n`,
  )
  await reload(relay)

  expect(await serialNumber(relay)).not.toBe(before)
  const carol = await RawClient.connect({ port, name: relay.name, ca: readFileSync(relay.ca) })
  const { head } = await carol.authenticate(relay.alice, { toPath: [relay.uri] })
  expect([head.status, head.fields.expires]).toEqual([200, 2000])

  const sent = alice.send([alice.token, ...bob.path], 'still here')
  bob.respond(await bob.nextRequest())
  expect((await alice.response(sent)).head.status).toBe(200)
})

test('a listener that is not wanted any more accepts nothing, and who is there stays', async () => {
  const port = await freePort()
  const relay = await startRelay({ tables: `[[listen]]\nhost = "127.0.0.1"\nport = ${port}` })
  const there = (): Promise<RawClient> => RawClient.connect({ port, name: relay.name, ca: readFileSync(relay.ca) })
  const alice = await there()
  expect((await alice.authenticate(relay.alice, { toPath: [relay.uri] })).head.status).toBe(200)
  change(relay, (text) => text.replace(`[[listen]]\nhost = "127.0.0.1"\nport = ${port}`, ''))
  await reload(relay)
  await expect(there()).rejects.toThrow(/ECONNREFUSED/)
  expect((await alice.authenticate(relay.alice, { toPath: [alice.token] })).head.status).toBe(200)
})

test('a file that is wrong, or names what is not there, leaves everything as it was, and is told with its lines', async () => {
  const relay = await startRelay({ settings: { expires: { default: 1000 } } })
  const good = readFileSync(relay.config, 'utf8')
  change(relay, (text) => `${text.replace('default = 1000', 'default = 2000')}\n[limits]\nconnections = 0\n`)
  relay.program.kill('SIGHUP')
  await relay.program.stderr.line(/"level":"error".*limits\.connections must be .*all stays as it was/)
  writeFileSync(relay.config, `${good.replace('default = 1000', 'default = 2000')}\n[tls]\nca = "none.pem"\n`)
  relay.program.kill('SIGHUP')
  await relay.program.stderr.line(/"level":"error".*tls\.ca: cannot read .*all stays as it was/)
  const client = await relay.connect()
  expect((await client.authenticate(relay.alice, { toPath: [relay.uri] })).head.fields.expires).toBe(1000)
})

test('what only a start can change is named, and waits', async () => {
  const relay = await startRelay()
  change(relay, (text) => text.replace(/state_folder = .*/, 'state_folder = "elsewhere"'))
  relay.program.kill('SIGHUP')
  await relay.program.stderr.line(/read again, but for state_folder, which waits for the next start/)
  expect((await relay.login(relay.alice)).token).not.toBe('')
})

function change(relay: TestRelay, edit: (text: string) => string): void {
  writeFileSync(relay.config, edit(readFileSync(relay.config, 'utf8')))
}

async function reload(relay: TestRelay): Promise<void> {
  relay.program.kill('SIGHUP')
  await relay.program.stderr.line(/have been read again"/)
}

/** Of the certificate that the relay shows. */
function serialNumber(relay: TestRelay): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connectTls({ port: relay.port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
    resolve(socket.getPeerX509Certificate()?.serialNumber ?? '')
    socket.destroy()
  })
  socket.on('error', reject)
  return promise
}
