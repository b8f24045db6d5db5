import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createAuthority, issueCertificate } from 'msrp-relay/certificates'
import { expect, onTestFinished, test } from 'vitest'
import { startMsrp } from '../../../test/support/process.ts'
import { repositoryRoot } from '../../../test/support/repository.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { relayConfiguration } from '../src/options/relay-config.ts'
import { eventFlaw } from './event-schema.ts'

test('check tells of everything that is wrong at once, for people and for programs', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ca = await createAuthority()
  const { certificate, key } = await issueCertificate({ names: ['elsewhere.example'], ca })
  const file = configuration(
    `[[listen]]\nhost = "127.0.0.1"\nport = ${port}\n[tls]\ncertificate = "c.pem"\nkey = "c.key"\nca = "none.pem"\n[users]\ndatabase = "none.sqlite"`,
    { 'c.pem': certificate, 'c.key': key },
  )
  const forPeople = startMsrp(['relay', 'check', file])
  expect(await forPeople.exit()).toEqual({ code: 2, signal: null })
  expect(forPeople.stderr.lines).toEqual([
    `error: ${file}: 4 things are wrong`,
    expect.stringMatching(/^ {2}line 3: listen\[0\]\.port: cannot listen on 127\.0\.0\.1:\d+: .*in use/),
    expect.stringMatching(/^ {2}line 5: tls\.certificate: .*c\.pem does not name the host localhost/),
    expect.stringMatching(/^ {2}line 7: tls\.ca: cannot read .*none\.pem: there is no such file/),
    expect.stringMatching(/^ {2}line 9: users\.database: there is no user database .*none\.sqlite/),
  ])

  const forPrograms = startMsrp(['relay', 'check', file, '--running', '--json'])
  expect(await forPrograms.exit()).toEqual({ code: 4, signal: null })
  const [event] = forPrograms.stdout.json
  expect(eventFlaw(event)).toBeUndefined()
  expect(event).toMatchObject({
    event: 'error',
    code: 'storage',
    mistakes: [
      { key: 'tls.certificate', line: 5, code: 'storage' },
      { key: 'tls.ca', line: 7, code: 'storage' },
      { key: 'users.database', line: 9, code: 'storage' },
    ],
  })
})

test('check looks at the admin port, its token, and where records go', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const file = configuration(
    `[[listen]]\nhost = "127.0.0.1"\nport = 0\n[admin]\nport = ${port}\ntoken = "short"\n[accounting]\nfile = "none/a"\ndatabase = "b.sqlite"`,
  )
  const check = startMsrp(['relay', 'check', file])
  expect(await check.exit()).toEqual({ code: 2, signal: null })
  expect(check.stderr.lines).toEqual([
    `error: ${file}: 3 things are wrong`,
    expect.stringMatching(/^ {2}line 5: admin\.port: cannot listen on 127\.0\.0\.1:\d+: .*in use/),
    expect.stringMatching(/^ {2}line 6: admin\.token: the token has fewer than 16 characters, .*openssl/),
    expect.stringMatching(/^ {2}line 8: accounting\.file: cannot write .*none\/a: its folder does not exist/),
  ])
  expect(check.stderr.text).not.toContain('short')
})

test('check takes listeners at 0.0.0.0 and :: with one port, as the relay does', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const listen = ['0.0.0.0', '::'].map((host) => `[[listen]]\nhost = "${host}"\nport = ${port}\n`)
  const file = configuration(
    `drain = 0\nstate_folder = "state"\n${listen.join('')}[advertised]\nname = "relay.example.com"\n`,
  )
  const check = startMsrp(['relay', 'check', file])
  expect(await check.exit(), check.describe()).toEqual({ code: 0, signal: null })
  const relay = startMsrp(['relay', '--config', file])
  await relay.stdout.line(/Ctrl-C/)
  expect(relay.stdout.text).toContain(`tls 0.0.0.0:${port}, tls [::]:${port}`)
  relay.kill('SIGTERM')
  expect(await relay.exit(), relay.describe()).toEqual({ code: 0, signal: null })
})

test('check finds nothing wrong with a good file, and leaves nothing behind', async () => {
  const file = configuration('[[listen]]\nhost = "127.0.0.1"\nport = 0\n')
  const check = startMsrp(['relay', 'check', file])
  expect(await check.exit(), check.describe()).toEqual({ code: 0, signal: null })
  expect(check.stdout.lines).toEqual([`${file}: nothing is wrong`])
  const again = startMsrp(['relay', 'check', file, '--json'])
  expect(await again.exit()).toEqual({ code: 0, signal: null })
  expect(again.stdout.json.map(eventFlaw)).toEqual([undefined])
})

test('config prints what holds as a file that says the same', async () => {
  const config = startMsrp(['relay', 'config', '--config', configuration('drain = 7\nstate_folder = "/var/lib/x"')])
  expect(await config.exit()).toEqual({ code: 0, signal: null })
  expect(config.stdout.lines).toContain('drain = 7')
  const again = startMsrp(['relay', 'config', '--config', configuration(config.stdout.text), '--json'])
  const once = startMsrp([
    'relay',
    'config',
    '--config',
    configuration('drain = 7\nstate_folder = "/var/lib/x"'),
    '--json',
  ])
  expect([await again.exit(), await once.exit()].map(({ code }) => code)).toEqual([0, 0])
  expect(again.stdout.json).toEqual(once.stdout.json)
  expect(again.stdout.json.map(eventFlaw)).toEqual([undefined])
})

test('who starts a second relay without a configuration hears that the first may have the ports', async () => {
  const path = ['listen', 0, 'port']
  const taken = { path, message: 'listen[0].port: cannot listen on 127.0.0.1:2855: …', code: 'unreachable' } as const
  const own = await relayConfiguration(undefined)
  expect(own.misconfigured([taken]).lines).toEqual([
    taken.message,
    expect.stringMatching(/relay that runs already.*msrp relay --config FILE/),
  ])
  expect(own.misconfigured([{ ...taken, code: 'storage' }]).lines).toEqual([taken.message])
  const configured = await relayConfiguration(configuration('[[listen]]\nhost = "127.0.0.1"\n'))
  expect(configured.misconfigured([taken]).lines).toHaveLength(1)
})

test('the relay that pages of the examples are tried with is right, and is where the pages look for it', async () => {
  const file = 'examples/browser/relay.toml'
  const check = startMsrp(['relay', 'check', file, '--running'])
  expect(await check.exit(), check.describe()).toEqual({ code: 0, signal: null })
  const { settings } = await relayConfiguration(join(repositoryRoot, file))
  const page = settings.listen.find(({ transport }) => transport === 'ws')
  for (const html of ['index.html', 'file-drop.html']) {
    const text = readFileSync(join(repositoryRoot, 'examples/browser', html), 'utf8')
    expect(/name="url" value="([^"]+)"/.exec(text)?.[1]).toBe(`ws://${settings.advertised.name}:${page?.port}/msrp`)
  }
})

function configuration(text: string, beside: Readonly<Record<string, string>> = {}): string {
  const folder = temporaryFolder()
  for (const [name, content] of Object.entries(beside)) writeFileSync(join(folder, name), content)
  const file = join(folder, 'relay.toml')
  writeFileSync(file, text)
  return file
}

test('a user of a domain that the relay does not serve is added with a warning', async () => {
  const config = configuration('realm = "example.com"\nstate_folder = "state"\n[[domains]]\nname = "example.org"')
  const add = async (user: string): Promise<string> => {
    const program = startMsrp(['relay', 'user', 'add', user, '--generate', '--config', config])
    expect(await program.exit(), program.describe()).toEqual({ code: 0, signal: null })
    return program.stderr.text
  }
  expect(await add('carol@example.org')).not.toContain('warning')
  expect(await add('carol@example.net')).toMatch(/warning: the relay does not serve users of example\.net, only/)
})
