import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Program, startMsrp } from '../../../test/support/process.ts'
import { writeRandomFile } from '../../../test/support/random-file.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { eventFlaw } from './event-schema.ts'
import { rawPeer } from './raw-peer.ts'

const ok = { code: 0, signal: null }

interface Side {
  program: Program
  cwd: string
}

/** Two people who chat, each with a folder of their own. */
async function pair(args: string[] = []): Promise<{ alice: Side; bob: Side }> {
  const [atAlice, atBob] = [temporaryFolder(), temporaryFolder()]
  const alice = startMsrp(['chat', '--listen', '127.0.0.1:0', ...args], { cwd: atAlice })
  const [, path = ''] = await alice.line(/^ {2}--to '([^']+)'$/)
  const bob = startMsrp(['chat', '--to', path, ...args], { cwd: atBob })
  return { alice: { program: alice, cwd: atAlice }, bob: { program: bob, cwd: atBob } }
}

describe('a chat from pipes', () => {
  test('carries lines both ways, and ends when one side has said everything', async () => {
    const { alice, bob } = await pair()
    await bob.program.write('hello alice\n')
    await alice.program.stdout.line(/^hello alice$/)
    await alice.program.write('hello bob\n\n//slash\n')
    await bob.program.stdout.line(/^hello bob$/)
    await bob.program.stdout.line(/^\/slash$/)
    await bob.program.write('bye\n')
    bob.program.end()
    expect(await bob.program.exit()).toEqual(ok)
    expect(await alice.program.exit()).toEqual(ok)
    expect(alice.program.stdout.lines).toEqual(['hello alice', 'bye'])
    expect(bob.program.stdout.lines).toEqual(['hello bob', '/slash'])
    expect(readdirSync(alice.cwd)).toEqual([])
  })

  test('carries files both ways on the same session while lines go on', async () => {
    const { alice, bob } = await pair(['--json'])
    const toAlice = await writeRandomFile(join(bob.cwd, 'big one.bin'), 40_000_000, 1)
    const toBob = await writeRandomFile(join(alice.cwd, 'other.bin'), 10_000_000, 2)
    await bob.program.write("/send 'big one.bin'\nright behind it\n")
    await alice.program.write('/send other.bin\n/quit\n')
    await alice.program.stdout.line(/"text":"right behind it"/)
    await alice.program.stdout.line(/"event":"message".*big one\.bin/)
    await bob.program.stdout.line(/"event":"message".*other\.bin/)
    expect(await alice.program.exit()).toEqual(ok)
    expect(await bob.program.exit()).toEqual(ok)
    for (const { program } of [alice, bob]) {
      for (const event of program.stdout.json) expect(eventFlaw(event)).toBeUndefined()
    }
    const order = alice.program.stdout.lines.filter((line) => line.includes('"event":"message"'))
    expect(order[0]).toMatch(/right behind it/)
    expect(order[1]).toContain(toAlice.sha256)
    expect(alice.program.stdout.json.at(-1)).toEqual({ event: 'done', messages: 3, bytes: 50_000_015 })
    const stored = readFileSync(join(bob.cwd, 'msrp-files/other.bin'))
    expect(createHash('sha256').update(stored).digest('hex')).toBe(toBob.sha256)
  })

  test('tells what it cannot send, goes on, and ends with the code of that', async () => {
    const { alice, bob } = await pair()
    await bob.program.write('/send nothing.txt\n')
    await bob.program.stderr.line(/nothing\.txt/)
    await bob.program.write('/sned x\n/help\n/cancel\nstill here\n')
    await alice.program.stdout.line(/^still here$/)
    bob.program.end()
    expect(await bob.program.exit()).toEqual({ code: 3, signal: null })
    expect(await alice.program.exit()).toEqual(ok)
    expect(bob.program.stderr.text).toMatch(/^error: cannot read nothing\.txt/m)
    expect(bob.program.stderr.text).toMatch(/There is no \/sned/)
    expect(bob.program.stderr.text).toMatch(/\/send FILE {3}send a file/)
    expect(bob.program.stderr.text).toMatch(/sending no file/)
    expect(bob.program.stderr.lines.at(-1)).toMatch(/^error: 1 message was not delivered$/)
  })

  test('a file can be stopped, and the other side keeps nothing of it', async () => {
    const { alice, bob } = await pair()
    writeFileSync(join(bob.cwd, 'endless'), '')
    await bob.program.write('/send /dev/zero\n')
    await expect.poll(() => readdirSync(join(alice.cwd, 'msrp-files')), { timeout: 5_000 }).toHaveLength(1)
    await bob.program.write('/cancel\nstopped it\n')
    await alice.program.stdout.line(/^stopped it$/)
    await expect.poll(() => readdirSync(join(alice.cwd, 'msrp-files')), { timeout: 5_000 }).toEqual([])
    bob.program.end()
    expect(await bob.program.exit()).toEqual(ok)
    expect(alice.program.stderr.text).toMatch(/zero from the other side was not stored/)
  })

  test('obeys while more is unconfirmed than goes out at a time; what waits comes in its order', async () => {
    const { promise: thawed, resolve: thaw } = Promise.withResolvers<void>()
    const held: (() => void)[] = []
    let frozen = true
    const peer = await rawPeer({
      onRequest: (request, write) => {
        if (!request.hasBody) return request.answer(200)
        const all = request.answer(200) + request.report(1, request.body.length)
        if (!frozen) return all
        held.push(() => write(all))
        return ''
      },
    })
    void thawed.then(() => {
      frozen = false
      for (const go of held) go()
    })
    const program = startMsrp(['chat', '--to', peer.path])
    const lines = Array.from({ length: 300 }, (_, index) => `line ${index}`)
    await program.write(`${lines.join('\n')}\n/cancel\n/quit\n`)
    await program.stderr.line(/sending no file/)
    expect(peer.bodies.length).toBeLessThanOrEqual(64)
    program.end()
    thaw()
    expect(await program.exit()).toEqual(ok)
    expect(peer.bodies).toEqual(lines)
  })

  test('/quit twice leaves at once, and 12 tells that something was not delivered', async () => {
    const peer = await rawPeer({ onRequest: (request) => request.answer(200) })
    const program = startMsrp(['chat', '--to', peer.path])
    await program.write(`${'hello\n'.repeat(100)}/quit\n/quit\n`)
    expect(await program.exit()).toEqual({ code: 12, signal: null })
    expect(program.stderr.lines.at(-1)).toBe('error: 100 messages were not delivered')
  })

  test('ends when the other side is killed', async () => {
    const { alice, bob } = await pair()
    await bob.program.write('hello\n')
    await alice.program.stdout.line(/^hello$/)
    bob.program.kill('SIGKILL')
    // A killed process's socket is closed in order unless something in it was unread: the kernel decides which it is.
    expect([0, 12]).toContain((await alice.program.exit()).code)
  })

  test('a line that nobody confirmed before leaving is not delivered: 12', async () => {
    const peer = await rawPeer({ onRequest: (request) => request.answer(200), hangUpAfter: 2 })
    const program = startMsrp(['chat', '--to', peer.path])
    await program.write('hello\n')
    expect(await program.exit()).toEqual({ code: 12, signal: null })
    expect(program.stderr.text).toMatch(/^error: "hello": .*confirmed 0 of 5 bytes$/m)
  })

  test('a connection that breaks ends it with 12', async () => {
    const peer = await rawPeer({ onRequest: (request) => request.answer(200), resetAfter: 1 })
    const program = startMsrp(['chat', '--to', peer.path])
    expect(await program.exit()).toEqual({ code: 12, signal: null })
    expect(program.stderr.lines).toEqual([expect.stringMatching(/^error: /)])
  })

  test('Ctrl-C ends it with 130', async () => {
    const { alice, bob } = await pair()
    await bob.program.write('hello\n')
    await alice.program.stdout.line(/^hello$/)
    bob.program.kill('SIGINT')
    expect(await bob.program.exit()).toEqual({ code: 130, signal: null })
    expect(await alice.program.exit()).toEqual(ok)
  })
})
