import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSettings } from 'msrp-relay'
import { describe, expect, test } from 'vitest'
import { blocksOf, replaced } from './support/documents.ts'
import { startMsrp, startProgram } from './support/process.ts'
import { startRelay } from './support/relay.ts'
import { requires } from './support/requires.ts'
import { readText } from './support/source-files.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

// What docs/operating.md gives to be pasted. Its hook for certificates runs in debian-package.long.test.ts.

const page = readText('docs/operating.md')
const shell = blocksOf(page, 'sh')

test('the configuration can be read', async () => {
  const file = join(temporaryFolder(), 'relay.toml')
  writeFileSync(file, blocksOf(page, 'toml')[0] ?? '')
  expect((await readSettings(file)).advertised.name).toBe('relay.example.com')
})

test.each(shell)('a shell understands: %s', async (block) => {
  const check = startProgram('sh', ['-n'], { input: block })
  expect(await check.exit(), check.describe()).toEqual({ code: 0, signal: null })
})

test('nftables takes the rules', async (context) => {
  requires(context, 'nft')
  context.skip(process.getuid?.() !== 0, 'needs root: the kernel looks at the rules')
  const check = startProgram('unshare', ['--net', 'nft', '--check', '--file', '-'], {
    input: blocksOf(page, 'nft')[0] ?? '',
  })
  expect(await check.exit(), check.describe()).toEqual({ code: 0, signal: null })
})

describe('beside a relay that runs', () => {
  test('the commands for users do what they say', async () => {
    const relay = await startRelay({ settings: { realm: 'example.com' } })
    const lines = shell.flatMap((block) => block.split('\n')).filter((line) => line.includes('msrp relay user'))
    expect(lines).toHaveLength(3)
    const outputs: string[] = []
    for (const line of lines) {
      const words = replaced(line, { '/etc/msrp-relay/relay.toml': relay.config })
        .replace(/^.*? msrp /, '')
        .split(' ')
      const command = startMsrp(words, { input: 'a password\n' })
      expect(await command.exit(), command.describe()).toEqual({ code: 0, signal: null })
      outputs.push(command.stdout.text)
    }
    expect(outputs[1]).toContain('carol@example.com')
  })

  test('the database is saved whole', async (context) => {
    requires(context, 'sqlite3')
    const relay = await startRelay()
    const [line = ''] = shell.flatMap((block) => block.split('\n')).filter((text) => text.startsWith('sqlite3 '))
    const saved = join(relay.stateFolder, 'saved.sqlite')
    const values = {
      '/var/lib/msrp-relay/users.sqlite': join(relay.stateFolder, 'users.sqlite'),
      '/var/backups/msrp-users.sqlite': saved,
    }
    const backup = startProgram('sh', ['-c', replaced(line, values)])
    expect(await backup.exit(), backup.describe()).toEqual({ code: 0, signal: null })
    const config = join(relay.stateFolder, 'restored.toml')
    writeFileSync(config, `[users]\ndatabase = ${JSON.stringify(saved)}\n`)
    const list = startMsrp(['relay', 'user', 'list', '--config', config])
    expect(await list.exit()).toEqual({ code: 0, signal: null })
    expect(list.stdout.text).toContain('alice@localhost')
  })
})
