import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'msrp'
import { beforeAll, describe, expect, test } from 'vitest'
import { say } from './support/chat.ts'
import { type Program, startMsrp, startProgram } from './support/process.ts'
import { sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { repositoryRoot } from './support/repository.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { expectExit, filesIn, nextEvent, overTcp, pathOf, throughRelay, underWay, until } from './support/transfer.ts'

const MiB = 1024 * 1024
const example = join(repositoryRoot, 'examples/chat.ts')

/** Starts examples/chat.ts with a folder for what arrives. */
function start(...args: string[]): { program: Program; folder: string } {
  const folder = temporaryFolder()
  return { program: startProgram(process.execPath, [example, '--folder', folder, ...args]), folder }
}

async function pathOfExample(program: Program): Promise<string> {
  return (await program.stdout.line(/^msrps?:.*$/))[0]
}

/** A line typed on one side is shown on the other. */
async function talk(from: Program, to: Program, text: string): Promise<void> {
  await from.write(`${text}\n`)
  await to.stdout.line(new RegExp(`^< ${text}$`))
}

test('the chat client is a program of less than 60 lines', () => {
  expect(readFileSync(example, 'utf8').split('\n').length - 1).toBeLessThan(60)
})

describe('two chat clients', () => {
  test('exchange texts and files, and leave at the end of the input when all has arrived', async () => {
    const file = await writeRandomFile(join(temporaryFolder(), 'photo.jpg'), 4 * MiB)
    const bob = start()
    const alice = start(await pathOfExample(bob.program))
    await talk(alice.program, bob.program, 'Grüße')
    await talk(bob.program, alice.program, 'und zurück')
    await alice.program.write(`/send /nowhere/x\n/send ${file.path}\nlast words\n`)
    alice.program.end()
    await expectExit(alice.program)
    expect(alice.program.stderr.lines).toEqual([expect.stringContaining('/nowhere/x')])
    expect(alice.program.stdout.lines).toContain(`> has arrived: ${file.path}`)
    await expectExit(bob.program)
    expect(bob.program.stdout.lines).toContain('< last words')
    expect(await sha256OfFile(join(bob.folder, 'photo.jpg'))).toBe(file.sha256)
  })

  test('Ctrl-C leaves while nobody has come, and in the middle of a file, of which nothing stays', async () => {
    const lonely = start()
    await pathOfExample(lonely.program)
    lonely.program.kill('SIGINT')
    await expectExit(lonely.program, 0, 5_000)

    const bob = start()
    const alice = start(await pathOfExample(bob.program))
    const file = join(temporaryFolder(), 'film.mp4')
    writeFileSync(file, '')
    truncateSync(file, 4096 * MiB)
    await alice.program.write(`/send ${file}\n`)
    await underWay(bob.folder, 4 * MiB)
    alice.program.kill('SIGINT')
    await expectExit(alice.program, 0, 10_000)
    await expectExit(bob.program, 0, 10_000)
    expect(filesIn(bob.folder)).toEqual([])
  })

  test('a name from the other side does not leave the folder, and a text does not command the terminal', async () => {
    const bob = start()
    await using session = await connect({ path: await pathOfExample(bob.program) })
    await session.send('\x1b[2Jboo\x07').delivered
    await session.send('x', { fileName: '../../.ssh' }).delivered
    await bob.program.stdout.line(/^< file: /)
    expect(bob.program.stdout.lines).toContain('< [2Jboo')
    expect(filesIn(bob.folder)).toEqual(['__.._.ssh'])
  })
})

describe('with msrp chat on the other side', () => {
  let relay: TestRelay

  beforeAll(async () => {
    relay = await startRelay({ lifetime: 'file' })
  })

  test('the client waits behind a relay, and texts and files go both ways', async () => {
    const { alice, bob } = relay
    const own = ['--relay', relay.uri, '--ca', relay.ca]
    const waiting = start(...own, '--user', bob.username, '--password-file', bob.passwordFile)
    const path = await pathOfExample(waiting.program)
    const folder = temporaryFolder()
    const other = startMsrp(['chat', '--json', '--dir', folder, '--to', path, ...relay.options(alice)])
    await other.write('hello\n')
    await waiting.program.stdout.line(/^< hello$/)
    await say(waiting.program, other, 'hello to you')

    const photo = join(temporaryFolder(), 'photo.jpg')
    writeFileSync(photo, 'a picture')
    await waiting.program.write(`/send ${photo}\n`)
    await nextEvent(other, ({ event, path }) => event === 'message' && path === join(folder, 'photo.jpg'))
    await other.write(`/send ${photo}\n`)
    await until(() => existsSync(join(waiting.folder, 'photo.jpg')), 'the picture')
    waiting.program.end()
    await expectExit(waiting.program)
  })

  test.each(['directly', 'through a relay'])('the client calls %s', async (how) => {
    const way = how === 'directly' ? overTcp : throughRelay(relay)
    const other = startMsrp(['chat', '--json', '--dir', temporaryFolder(), ...way.receiver])
    const [, path = ''] = await pathOf(other, way)
    const { username, passwordFile } = relay.alice
    const own = ['--relay', relay.uri, '--ca', relay.ca, '--user', username, '--password-file', passwordFile]
    const { program } = start(path, ...(how === 'directly' ? [] : own))
    await say(program, other, 'hello bob')
    await other.write('hello alice\n')
    await program.stdout.line(/^< hello alice$/)
    program.kill('SIGINT')
    await expectExit(program, 0, 5_000)
  })
})
