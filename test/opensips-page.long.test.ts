import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issueCertificate } from 'msrp-relay/certificates'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { createSubscribers, type DatabaseServer, startDatabase } from './support/database-server.ts'
import { blocksOf, replaced } from './support/documents.ts'
import { freePort } from './support/free-port.ts'
import { startMsrp } from './support/process.ts'
import { newAuthority } from './support/relay.ts'
import { findProgram, requires } from './support/requires.ts'
import { readText } from './support/source-files.ts'
import { temporaryFolderOfFile } from './support/temporary-folder.ts'

// docs/opensips.md but for OpenSIPS itself, which Debian does not have: its table, the statements, and the relay.

const page = readText('docs/opensips.md')
const folder = temporaryFolderOfFile()
const config = join(folder, 'relay.toml')
const possible = findProgram('mariadbd') !== undefined
let database: DatabaseServer
let port: number

beforeAll(async () => {
  if (!possible) return
  database = await startDatabase('mariadb')
  const table = `${database.database}.subscriber`
  await createSubscribers(database, 'opensips')
  const opensips = { 'opensips.subscriber': table, 'GRANT SELECT ON opensips.version': `GRANT SELECT ON ${table}` }
  for (const block of blocksOf(page, 'sql')) {
    const known = Object.fromEntries(Object.entries(opensips).filter(([old]) => block.includes(old)))
    for (const statement of replaced(block, known).split(/;\n/)) {
      if (statement.trim() !== '') await database.run(statement)
    }
  }
  port = await freePort()
  const values = {
    '"/var/lib/msrp-relay"': JSON.stringify(join(folder, 'state')),
    'host = "192.0.2.11"': `host = "127.0.0.1"\nport = ${port}`,
    'port = 3306': `port = ${database.port}`,
    'name = "opensips"': `name = "${database.database}"`,
  }
  writeFileSync(config, replaced(blocksOf(page, 'toml')[0] ?? '', values))
  writeFileSync(join(folder, 'database.password'), 'relay-password\n', { mode: 0o600 })
  const ca = await newAuthority()
  const { certificate, key } = await issueCertificate({ names: ['relay.example.com'], ca })
  mkdirSync(join(folder, 'tls'))
  writeFileSync(join(folder, 'tls/relay.example.com.pem'), certificate)
  writeFileSync(join(folder, 'tls/relay.example.com.key'), key, { mode: 0o600 })
  writeFileSync(join(folder, 'ca.pem'), ca.certificate)
}, 120_000)

beforeEach((context) => requires(context, 'mariadbd'))

test.each([
  { user: 'alice', password: 'alice-password', code: 0 },
  { user: 'bob', password: 'bob-password', code: 0 },
  { user: 'bob', password: 'alice-password', code: 9 },
  { user: 'carol', password: 'alice-password', code: 9 },
])('the relay with the table of OpenSIPS: $user with $password ends with $code', async ({ user, password, code }) => {
  const relay = startMsrp(['relay', '--json', '--config', config])
  await relay.line(/"event":"listening"/, 30_000)
  const args = [`relay.example.com:${port}`, '--user', `${user}@example.com`, '--ca', join(folder, 'ca.pem')]
  const probe = startMsrp(['probe', ...args, '--resolve', 'relay.example.com=127.0.0.1'], {
    env: { MSRP_PASSWORD: password },
  })
  expect((await probe.exit()).code, probe.describe()).toBe(code)
})
