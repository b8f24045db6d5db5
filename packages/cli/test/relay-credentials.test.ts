import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startMsrp } from '../../../test/support/process.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { eventFlaw } from './event-schema.ts'

const SECRET = 'a secret of the test'

function credentials(args: readonly string[], { config = '', secret = SECRET } = {}) {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'secret'), `${secret}\n`, { mode: 0o600 })
  const settings = join(folder, 'relay.toml')
  writeFileSync(settings, config === '' ? '[ephemeral_credentials]\nsecrets = [{ file = "secret" }]\n' : config)
  return startMsrp(['relay', 'credentials', ...args.map((arg) => arg.replace('FOLDER', folder)), '--config', settings])
}

describe('msrp relay credentials', () => {
  test('prints what the relay takes, for programs', async () => {
    const began = Date.now()
    const command = credentials(['--user', 'alice', '--ttl', '600', '--json'])
    expect(await command.exit(), command.describe()).toEqual({ code: 0, signal: null })
    const [event] = command.stdout.json as { username: string; password: string; expires: string }[]
    expect(eventFlaw(event)).toBeUndefined()
    const { username = '', password, expires = '' } = event ?? {}
    expect(username).toMatch(/^\d+\.alice$/)
    expect(password).toBe(createHmac('sha1', SECRET).update(username).digest('base64'))
    expect(Date.parse(expires)).toBe(Number.parseInt(username, 10) * 1000)
    expect((Date.parse(expires) - began) / 1000).toBeCloseTo(600, -2)
  })

  test('prints them for people, by what the settings say', async () => {
    const config = `[ephemeral_credentials]\nsecrets = ["${SECRET}"]\nhashes = ["SHA-256"]\nseparator = ":"\n`
    const command = credentials([], { config })
    expect(await command.exit()).toEqual({ code: 0, signal: null })
    const [, username = ''] = /^user name {2}(\d+)$/m.exec(command.stdout.text) ?? []
    const password = createHmac('sha256', SECRET).update(username).digest('base64')
    expect(command.stdout.lines).toEqual([
      `user name  ${username}`,
      `password   ${password}`,
      expect.stringMatching(/^until {6}\d{4}-/),
    ])
  })

  test('takes the secret from a file, where there is no relay', async () => {
    const command = credentials(['--secret-file', 'FOLDER/secret', '--hash', 'SHA-256', '--json'], {
      config: 'drain = 1\n',
    })
    expect(await command.exit()).toEqual({ code: 0, signal: null })
    const [event] = command.stdout.json as { username: string; password: string }[]
    expect(event?.password).toBe(
      createHmac('sha256', SECRET)
        .update(event?.username ?? '')
        .digest('base64'),
    )
  })

  test.each<[string, string[], { config?: string; secret?: string }, RegExp]>([
    [
      'without a secret',
      [],
      { config: 'drain = 1\n' },
      /there is no shared secret; set ephemeral_credentials\.secrets, or give --secret-file/,
    ],
    [
      'that the relay would refuse',
      ['--ttl', '90000'],
      {},
      /--ttl 90000 is more than ephemeral_credentials\.maximum_ttl, 86400/,
    ],
    ['for somebody who cannot be', ['--user', 'a b'], {}, /"a b" cannot be the user of credentials/],
    ['with a weak secret', [], { secret: 'hidden' }, /ephemeral_credentials\.secrets\[0\] has less than 16 characters/],
  ])('makes none %s', async (_, args, files, expected) => {
    const command = credentials(args, files)
    expect(await command.exit()).toEqual({ code: 2, signal: null })
    expect(command.stderr.text).toMatch(expected)
    expect(command.stderr.text).not.toContain('hidden')
    expect(command.stdout.text).toBe('')
  })
})
