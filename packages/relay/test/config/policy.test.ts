import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { policySettings, readSettings, readSettingsFile, type Surroundings } from '../../src/config/index.ts'
import { NO_POLICY } from '../../src/forwarding/policy/policy-settings.ts'

const around: Surroundings = { ipv6Loopback: true, stateFolder: '/var/lib/msrp-relay' }

function written(toml: string): string {
  const file = join(temporaryFolder(), 'relay.toml')
  writeFileSync(file, toml)
  return file
}

describe('what a file says of users and messages', () => {
  it('is nothing when it says nothing', async () => {
    expect(policySettings(await readSettings(undefined, around))).toMatchObject(NO_POLICY)
  })

  it('is what the relay goes by', async () => {
    const file = written(`
[access]
allow_users = ["*@example.com", "example.org"]
deny_users = ["mallory@example.com"]

[user_limits]
sessions = 10
bytes_per_second = 4_000_000

[[user_limits.exceptions]]
users = ["bot@example.com"]
sessions = 0

[domain_limits]
bytes_per_day = 1_000_000_000_000

[[domain_limits.exceptions]]
domains = ["example.org"]
bytes_per_day = 5

[messages]
content_types = ["text/*", "Image/PNG"]
maximum_size = 100_000_000
smime = "protected"
`)
    expect(policySettings(await readSettings(file, around))).toMatchObject({
      access: { allow: ['*@example.com', 'example.org'], deny: ['mallory@example.com'] },
      limits: {
        users: {
          sessions: 10,
          bytesPerSecond: 4_000_000,
          bytesPerDay: 0,
          exceptions: [{ names: ['bot@example.com'], sessions: 0 }],
        },
        domains: { sessions: 0, bytesPerDay: 1e12, exceptions: [{ names: ['example.org'], bytesPerDay: 5 }] },
      },
      messages: { contentTypes: ['text/*', 'Image/PNG'], maximumSize: 100_000_000, smime: 'protected' },
    })
  })

  it.each([
    ['[access]\nallow_users = "alice"', 'access.allow_users must be a list of users'],
    ['[access]\ndeny_users = ["alice@a@b c"]', 'access.deny_users[0] must be a user such as'],
    [
      '[user_limits]\nsessions = -1',
      'user_limits.sessions must be a whole number from 1 to 1000000, or 0 for no limit',
    ],
    ['[user_limits]\nbytes_per_second = 100', 'user_limits.bytes_per_second must be a whole number from 16384'],
    ['[user_limits]\nbytes_per_day = 1.5', 'user_limits.bytes_per_day must be a whole number'],
    [
      '[[user_limits.exceptions]]\nsessions = 1',
      'user_limits.exceptions[0].users is missing; it must be a list of users',
    ],
    ['[[user_limits.exceptions]]\nusers = []', 'user_limits.exceptions[0].users must be a list of users'],
    [
      '[[domain_limits.exceptions]]\ndomains = ["a@b"]',
      'domain_limits.exceptions[0].domains[0] must be a domain such as',
    ],
    ['[[domain_limits.exceptions]]\nusers = ["a@b"]\ndomains = ["b"]', 'unknown key domain_limits.exceptions[0].users'],
    ['[messages]\ncontent_types = ["text"]', 'messages.content_types[0] must be a list of media types'],
    [
      '[messages]\ncontent_types = ["text/plain; charset=utf-8"]',
      'messages.content_types[0] must be a list of media types',
    ],
    ['[messages]\nmaximum_size = "10 MB"', 'messages.maximum_size must be a whole number'],
    ['[messages]\nsmime = true', 'messages.smime must be "optional" or "signed" or "protected"'],
  ])('is told with its line when it is wrong: %s', async (toml, message) => {
    const reading = await readSettingsFile(written(toml), around)
    const [flaw] = reading.settings === undefined ? reading.flaws : []
    expect(flaw?.message).toContain(message)
    expect(flaw?.line).toBe(message.includes('missing') ? 1 : 2)
  })
})
