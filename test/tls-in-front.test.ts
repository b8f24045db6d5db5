import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { issueCertificate } from 'msrp-relay/certificates'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from './support/free-port.ts'
import { startMsrp } from './support/process.ts'
import { sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { newAuthority, TestRelay } from './support/relay.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { expectExit, startReceiver, startSender, throughRelay } from './support/transfer.ts'

// A relay whose TLS ends at a proxy in front of it, on the same machine.

/** Takes TLS off what comes and passes it on, as HAProxy does; gives its port. */
async function proxyTo(port: number, tls: { cert: string; key: string }): Promise<number> {
  const server = createServer(tls, (outside) => {
    const inside = connect(port, '127.0.0.1')
    outside.pipe(inside).pipe(outside)
    outside.on('error', () => inside.destroy())
    inside.on('error', () => outside.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

test('behind a proxy that ends TLS, users log in and files arrive; the proxy may have more connections than others', async () => {
  const folder = temporaryFolder()
  const authority = await newAuthority()
  const { certificate, key } = await issueCertificate({ names: ['localhost'], ca: authority })
  const ca = join(folder, 'ca.pem')
  writeFileSync(ca, authority.certificate)
  const port = await freePort()
  const inFront = await proxyTo(port, { cert: certificate, key })
  const [config, stateFolder] = [join(folder, 'relay.toml'), join(folder, 'state')]
  writeFileSync(
    config,
    [
      `state_folder = "${stateFolder}"`,
      '[[listen]]\nhost = "127.0.0.1"\ntransport = "tls-in-front"',
      `port = ${port}`,
      '[advertised]\nname = "localhost"',
      `port = ${inFront}`,
      '[limits]\nconnections_per_address = 1',
    ].join('\n'),
  )
  const program = startMsrp(['relay', '--json', '--config', config])
  const [line] = await program.stdout.line(/^\{"event":"listening".*\}$/)
  const { path: uri } = JSON.parse(line) as { path: string }
  expect(uri).toBe(`msrps://localhost:${inFront};tcp`)
  const relay = new TestRelay({ program, name: 'localhost', uri, ca, config, stateFolder, lifetime: 'test' })

  const file = await writeRandomFile(join(folder, 'photo.jpg'), 300_000)
  const bob = await startReceiver(throughRelay(relay), { args: ['--count', '1'] })
  const alice = startSender([file.path], bob)
  await expectExit(alice)
  await expectExit(bob.program)
  expect(await sha256OfFile(join(bob.folder, 'photo.jpg'))).toBe(file.sha256)
})
