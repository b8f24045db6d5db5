import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from './support/free-port.ts'
import { type Program, startMsrp, startProgram } from './support/process.ts'
import { sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { type RelayUser, startRelay, type TestRelay } from './support/relay.ts'
import { repositoryRoot } from './support/repository.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { expectExit } from './support/transfer.ts'

const example = join(repositoryRoot, 'examples/client.ts')

function start(relay: TestRelay, user: RelayUser, port: string): { program: Program; folder: string } {
  const folder = temporaryFolder()
  const args = [relay.uri, user.address, user.passwordFile, relay.ca, port, folder]
  return { program: startProgram(process.execPath, [example, ...args]), folder }
}

/** For what comes over another session: attempts and, where both offered at once, their waits come before it. */
const patience = { milliseconds: 40_000 }

async function restarted(relay: TestRelay): Promise<void> {
  relay.program.kill('SIGKILL')
  await relay.program.exit()
  startMsrp(['relay', '--json', '--config', relay.config])
}

test('two whole clients talk through a relay, tell what they read, write and receive, and lose nothing with a connection', {
  timeout: 120_000,
}, async () => {
  const relay = await startRelay({ port: await freePort() })
  const bob = start(relay, relay.bob, '0')
  const [, port = ''] = await bob.program.stdout.line(/^port (\d+)$/)
  const alice = start(relay, relay.alice, port)

  await alice.program.write('Hello Bob,\\\n')
  await bob.program.stdout.line(/^< is writing$/)
  await alice.program.write('how are you?\n')
  await bob.program.stdout.line(/^how are you\?$/)
  await alice.program.stdout.line(/^> delivered$/)
  await alice.program.stdout.line(/^> displayed$/)

  const file = await writeRandomFile(join(temporaryFolder(), 'photo.jpg'), 4_000_000)
  await bob.program.write(`/send ${file.path}\n`)
  const [, stored = ''] = await alice.program.stdout.line(/^< file: (.*)$/)
  expect(await sha256OfFile(stored)).toBe(file.sha256)
  await bob.program.stdout.line(/^> file: /)

  // One of them loses the connection, or the relay is started again and both do.
  const losses: readonly [string, () => unknown][] = [
    ['Alice', () => alice.program.write('/break\n')],
    ['Both', () => restarted(relay)],
  ]
  for (const [loser, lose] of losses) {
    await lose()
    await alice.program.write(`${loser}: are you still there?\n`)
    await bob.program.stdout.line(new RegExp(`^< ${loser}: are you still there\\?$`), patience)
    await bob.program.write(`${loser}: I am\n`)
    await alice.program.stdout.line(new RegExp(`^< ${loser}: I am$`), patience)
  }

  alice.program.end()
  await Promise.all([expectExit(alice.program), expectExit(bob.program)])
  for (const { program } of [alice, bob]) {
    expect(program.stderr.text).toBe('')
    // Nothing was shown twice.
    const texts = program.stdout.lines.filter((line) => /^< \w+: /.test(line) && !line.startsWith('< file'))
    expect(texts).toHaveLength(losses.length)
  }
})
