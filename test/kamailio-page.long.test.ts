import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issueCertificate } from 'msrp-relay/certificates'
import { beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { type DatabaseServer, postgresqlFolder, startDatabase } from './support/database-server.ts'
import { blocksOf, replaced } from './support/documents.ts'
import { freePort } from './support/free-port.ts'
import { kamailioModules, stopProcessesIn } from './support/kamailio.ts'
import { startMsrp, startProgram } from './support/process.ts'
import { sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { newAuthority } from './support/relay.ts'
import { findProgram, requires } from './support/requires.ts'
import { SipClient } from './support/sip-client.ts'
import { readText } from './support/source-files.ts'
import { temporaryFolder, temporaryFolderOfFile } from './support/temporary-folder.ts'

// docs/kamailio.md as it stands, with this machine's ports and folders in place of its addresses: Kamailio registers users
// from the table, the relay takes the same passwords.

const page = readText('docs/kamailio.md')
const folder = temporaryFolderOfFile()
const sqlFolder = '/usr/share/kamailio/postgres'
const possible = findProgram('kamailio') !== undefined && postgresqlFolder() !== undefined && existsSync(sqlFolder)
const alice = { username: 'alice', domain: 'example.com', password: 'alice-password' }

let database: DatabaseServer
let sipPort: number
let kamailioConfig: string
let relayConfig: string
let relayPort: number

beforeAll(async () => {
  if (!possible) return
  database = await startDatabase('postgresql')
  for (const file of ['standard-create.sql', 'auth_db-create.sql']) {
    await database.run(readFileSync(join(sqlFolder, file), 'utf8'))
  }
  for (const block of blocksOf(page, 'sql')) await database.run(block)

  sipPort = await freePort()
  kamailioConfig = join(folder, 'kamailio.cfg')
  const kamailio = replaced(blocksOf(page, 'kamailio')[0] ?? '', {
    '192.0.2.10:5060': `127.0.0.1:${sipPort}`,
    '127.0.0.1:5432': `127.0.0.1:${database.port}`,
    'log_stderror=no': 'log_stderror=yes',
  })
  writeFileSync(kamailioConfig, kamailio)

  relayPort = await freePort()
  relayConfig = join(folder, 'relay.toml')
  const relay = replaced(blocksOf(page, 'toml')[0] ?? '', {
    '"/var/lib/msrp-relay"': JSON.stringify(join(folder, 'state')),
    'host = "192.0.2.11"': `host = "127.0.0.1"\nport = ${relayPort}`,
    'port = 5432': `port = ${database.port}`,
  })
  writeFileSync(relayConfig, relay)
  writeFileSync(join(folder, 'database.password'), 'relay-password\n', { mode: 0o600 })
  const ca = await newAuthority()
  const { certificate, key } = await issueCertificate({ names: ['relay.example.com', 'example.com'], ca })
  mkdirSync(join(folder, 'tls'))
  writeFileSync(join(folder, 'tls/relay.example.com.pem'), certificate)
  writeFileSync(join(folder, 'tls/relay.example.com.key'), key, { mode: 0o600 })
  writeFileSync(join(folder, 'ca.pem'), ca.certificate)
}, 120_000)

beforeEach((context) => {
  requires(context, 'kamailio')
  context.skip(
    !possible,
    'PostgreSQL or its modules of Kamailio are not installed (Debian: apt-get install postgresql kamailio-postgres-modules)',
  )
})

test('Kamailio finds no mistake in its configuration', async () => {
  const check = startProgram(findProgram('kamailio') ?? '', ['-c', '-f', kamailioConfig, '-L', kamailioModules()])
  expect(await check.exit(), check.describe()).toEqual({ code: 0, signal: null })
  expect(check.describe()).not.toMatch(/\b(ERROR|CRITICAL|WARNING)\b/)
})

test('who registers with Kamailio sends a file through the relay with the same password', {
  timeout: 120_000,
}, async () => {
  const run = join(folder, 'run')
  mkdirSync(run)
  const args = ['-DD', '-E', '-m', '64', '-M', '8', '-w', run, '-Y', run, '-f', kamailioConfig, '-L', kamailioModules()]
  startProgram(findProgram('kamailio') ?? '', args, { cwd: run })
  onTestFinished(() => stopProcessesIn(run))
  const sip = await SipClient.open(sipPort)
  onTestFinished(() => sip.close())
  expect(await sip.register(alice)).toEqual([401, 200])
  expect(await sip.register({ ...alice, password: 'wrong' })).toEqual([401, 401])

  const relay = startMsrp(['relay', '--json', '--config', relayConfig])
  await relay.line(/"event":"listening"/, 30_000)
  const probe = startMsrp(['probe', `relay.example.com:${relayPort}`, ...through('alice', 'wrong')])
  expect((await probe.exit()).code).toBe(9)

  const received = temporaryFolder()
  const { path: sent, sha256 } = await writeRandomFile(join(temporaryFolder(), 'sent.bin'), 5_000_000)
  const uri = ['--relay', `relay.example.com:${relayPort}`]
  const receiver = startMsrp(['receive', '--dir', received, '--count', '1', ...uri, ...through('bob', 'bob-password')])
  const [, path = ''] = await receiver.line(/--to '([^']+)'/, 30_000)
  const sender = startMsrp(['send', sent, '--to', path, ...uri, ...through('alice', alice.password)])
  expect(await sender.exit(), sender.describe()).toEqual({ code: 0, signal: null })
  expect(await receiver.exit()).toEqual({ code: 0, signal: null })
  expect(await sha256OfFile(join(received, readdirSync(received)[0] ?? ''))).toBe(sha256)
})

function through(username: string, password: string): string[] {
  const file = join(temporaryFolder(), 'password')
  writeFileSync(file, password, { mode: 0o600 })
  const resolve = ['--resolve', 'relay.example.com=127.0.0.1', '--ca', join(folder, 'ca.pem')]
  return ['--user', `${username}@example.com`, '--password-file', file, ...resolve]
}
