import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { readSettings } from '../../src/config/index.ts'

// What docs/accounts.md shows is taken by the relay as it stands there.

const document = readFileSync(new URL('../../../../docs/accounts.md', import.meta.url), 'utf8')
const blocks = [...document.matchAll(/```toml\n(.*?)```/gs)].map(([, block = '']) => block)
const secrets = ['database.password', 'accounts.token', 'alice.password', 'ephemeral.secret']

test('there are configurations for all backends', () => {
  const backends = blocks.map((block) => /^backend = "(\w+)"/m.exec(block)?.[1])
  expect(new Set(backends)).toEqual(new Set(['postgresql', 'mariadb', 'http', 'list', 'none']))
})

test.each(blocks)('this is a configuration: %s', async (block) => {
  const folder = temporaryFolder()
  for (const name of secrets) writeFileSync(join(folder, name), 'a secret of the test\n')
  const file = join(folder, 'relay.toml')
  writeFileSync(file, block)
  const { users } = await readSettings(file)
  expect(block).toContain(`backend = "${users.backend}"`)
})

test('the example for web applications makes what the relay takes', async () => {
  const [, code = ''] = /```js\n(.*?)```/s.exec(document) ?? []
  process.env.MSRP_SECRET = 'a secret of the test'
  const { relayCredentials } = await import(`data:text/javascript,${encodeURIComponent(code)}`)
  const { EphemeralVerifier } = await import('../../src/users/index.ts')
  const options = { hashes: ['sha1'] as const, separator: '.', clockSkew: 30, maximumTtl: 86_400 }
  const verifier = new EphemeralVerifier({ ...options, secrets: [process.env.MSRP_SECRET] })
  const { username, password } = relayCredentials('alice')
  expect(verifier.verify(username, password, Date.now())).toMatchObject({ user: 'alice' })
})
