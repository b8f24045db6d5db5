import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect } from 'msrp'
import { completeSettings, createAuthority, issueCertificate, type RunningRelay, startRelay } from 'msrp-relay'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startProgram } from '../../../../test/support/process.ts'
import { temporaryFolder } from '../node/temporary-folder.ts'

const root = join(import.meta.dirname, '../../../..')
const folder = temporaryFolder()
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

interface Running {
  /** Lines of standard output so far. */
  lines: string[]
  /** Resolves with the first line that fits. */
  line(pattern: RegExp): Promise<string>
  /** Exit code; rejects with the errors when it is not 0. */
  exit(): Promise<void>
}

function run(example: string, ...args: string[]): Running {
  const child = spawn(process.execPath, [join(root, 'examples', example), ...args], { cwd: folder.path })
  children.push(child)
  const lines: string[] = []
  let errors = ''
  child.stderr.on('data', (bytes) => {
    errors += bytes
  })
  const output = createInterface({ input: child.stdout })
  output.on('line', (line) => lines.push(line))
  const exited = once(child, 'close')
  return {
    lines,
    async line(pattern) {
      for (;;) {
        const found = lines.find((line) => pattern.test(line))
        if (found !== undefined) return found
        const ended = await Promise.race([once(output, 'line'), exited.then(() => 'ended' as const)])
        if (ended === 'ended' && !lines.some((line) => pattern.test(line)))
          throw new Error(`${example} ended: ${errors}`)
      }
    },
    async exit() {
      const [code] = await exited
      if (code !== 0) throw new Error(`${example} exited with ${code}: ${errors}`)
    },
  }
}

describe('The examples', { timeout: 30_000 }, () => {
  test('send.ts and receive.ts exchange texts and a file', async () => {
    const bytes = randomBytes(5_000_000)
    await writeFile(join(folder.path, 'photo.jpg'), bytes)
    const receiver = run('receive.ts', 'inbox')
    const path = await receiver.line(/^msrp:/)
    for (const name of ['photo.jpg', 'photo (2).jpg']) {
      const sender = run('send.ts', path, 'Grüße', join(folder.path, 'photo.jpg'))
      await sender.exit()
      expect(sender.lines).toContain('answer: You said: Grüße')
      expect(sender.lines.at(-1)).toBe('the file has arrived: 5000000 bytes')
      await receiver.line(new RegExp(`^file: .*${name.replace(/[()]/g, '\\$&')}`))
      const stored = await readFile(join(folder.path, 'inbox', name))
      expect(createHash('sha256').update(stored).digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
    }
    await receiver.line(/^over: ended by peer/)
  })

  test('send.ts says in one line what is wrong', async () => {
    await expect(run('send.ts', 'msrp://127.0.0.1:9/nobody;tcp', 'x').exit()).rejects.toThrow(
      /unreachable: .*127\.0\.0\.1:9/,
    )
  })

  test.each([
    ['send.ts', [], /^usage: npx node examples\/send\.ts PATH TEXT \[FILE\]$/],
    ['send.ts', ['msrp://127.0.0.1:9/nobody;tcp'], /^usage: /],
    ['relay.ts', [], /^usage: npx node examples\/relay\.ts RELAY USER PASSWORD-FILE CA-FILE \[PATH TEXT\]$/],
    ['client.ts', ['msrps://localhost;tcp'], /^usage: npx node examples\/client\.ts RELAY USER PASSWORD-FILE CA-FILE /],
    ['bot.ts', ['msrp://127.0.0.1:9/nobody;tcp'], /^usage: npx node examples\/bot\.ts \[PATH TEXT …\]$/],
  ])('%s with %j says in one line how it is called, and ends with 2', async (example, args, usage) => {
    const program = startProgram(process.execPath, [join(root, 'examples', example), ...args])
    expect(await program.exit()).toEqual({ code: 2, signal: null })
    expect(program.stdout.lines).toEqual([])
    expect(program.stderr.lines).toEqual([expect.stringMatching(usage)])
  })

  test('offer-answer.ts sets up a session as SDP does', async () => {
    const example = run('offer-answer.ts')
    await example.exit()
    expect(example.lines.slice(-3)).toEqual([
      'Bob reads: Hello Bob',
      'the picture stays here: type-not-accepted',
      'on hold, and Bob may recvonly: the same session',
    ])
  })

  test('resuming.ts survives the loss of its connection', async () => {
    const resuming = run('resuming.ts')
    await resuming.exit()
    expect(resuming.lines).toEqual([
      'Alice is connected, 1 messages go out',
      'Alice has lost her connection: The connection was given up here',
      'Attempt 1 comes soon',
      expect.stringMatching(/^(Bob reads: Hello Bob|Alice is connected, \d messages go out)$/),
      expect.stringMatching(/^(Bob reads: Hello Bob|Alice is connected, \d messages go out)$/),
      expect.stringMatching(/^Bob reads: A long story\. /),
      'Bob reads: Did you get all of it?',
      expect.stringMatching(/^0 of 3 messages are missing; \d+ bytes had to go out again$/),
    ])
  })

  test('cpim.ts wraps messages, opens them, and refuses what it does not understand', async () => {
    const example = run('cpim.ts')
    await example.exit()
    expect(example.lines[0]).toMatch(/^not understood: 400: .*Burn-After-Reading/)
    expect(example.lines.slice(1)).toEqual([
      'Alice to sip:bob@example.com',
      '  no subject, text/plain;charset=utf-8, id undefined: Hello Bob',
      'sip:alice@example.com to sip:bob@example.com, sip:carol@example.com',
      '  Grüße, text/html, id 34jk324j: <p>Hello all</p>',
    ])
  })

  test('responder.ts answers a session, and what is no request with the end of the connection', async () => {
    const responder = run('responder.ts')
    const path = await responder.line(/^msrp:/)
    const session = await connect({ path })
    await session.send('Hello', { successReport: false, messageId: 'greeting' }).delivered
    await session.close()
    await responder.line(/^SEND greeting: 5 bytes, \$$/)
    await responder.line(/^closed$/)

    const stranger = createConnection(Number(new URL(path.replace(';tcp', '')).port), '127.0.0.1')
    stranger.resume()
    stranger.write('MSRP abcd SEND\r\nTo-Path: no path\r\nFrom-Path: msrp://a.example:1/b;tcp\r\n-------abcd$\r\n')
    await once(stranger, 'close')
    await responder.line(/^closed: .*no MSRP URI/)
  })

  test('bot.ts answers, and both hear what becomes of their messages', async () => {
    const bot = run('bot.ts')
    const path = await bot.line(/^msrp:/)
    const user = run('bot.ts', path, 'Hello', 'Grüße')
    await user.exit()
    expect(user.lines).toEqual(expect.arrayContaining(['the bot is writing', 'You said: Hello', 'You said: Grüße']))
    expect(user.lines.filter((line) => line === 'sip:bot@example.com: displayed')).toHaveLength(2)
    expect(user.lines).toContain('sip:bot@example.com: delivered')
    await bot.line(/^User writes: Grüße/)
    await bot.line(/^sip:user@example.com: displayed/)
  })

  test('multipart.ts sends parts in parts, reads them, and refuses what is not taken inside', async () => {
    const example = run('multipart.ts')
    await example.exit()
    expect(example.lines[0]).toMatch(/^refused: 415: .*"audio\/ogg" is not taken inside of "multipart\/mixed"$/)
    expect(example.lines.slice(1)).toEqual([
      'page <p>Look: <img src="cid:cat@example.com"></p> with image/png, 4 bytes',
      'file About cats.pdf: application/pdf, 8 bytes',
    ])
  })

  describe('with a relay', () => {
    let relay: RunningRelay
    const file = (name: string): string => join(folder.path, name)

    beforeAll(async () => {
      const authority = await createAuthority()
      const { certificate, key } = await issueCertificate({ names: ['localhost'], ca: authority })
      await writeFile(file('ca.pem'), authority.certificate)
      await writeFile(file('cert.pem'), certificate)
      await writeFile(file('key.pem'), key)
      relay = await startRelay(
        completeSettings({
          listen: [{ host: '127.0.0.1', port: 0 }],
          advertised: { name: 'localhost' },
          realm: 'localhost',
          tls: { certificate: file('cert.pem'), key: file('key.pem'), ca: file('ca.pem') },
          stateFolder: file('relay'),
          log: { level: 'silent' },
          drain: 0,
        }),
      )
      for (const username of ['carol', 'dave']) {
        await relay.state.database?.add({ username, domain: 'localhost', password: `${username}'s` })
        await writeFile(file(username), `${username}'s\n`)
      }
    })

    afterAll(() => relay.close())

    test('relay.ts brings two users together', async () => {
      const uri = `msrps://localhost:${relay.listeners[0]!.port};tcp`
      const waiting = run('relay.ts', uri, 'dave', file('dave'), file('ca.pem'))
      const path = await waiting.line(/^msrps:/)
      const writing = run('relay.ts', uri, 'carol', file('carol'), file('ca.pem'), path, 'Hello Dave')
      await writing.exit()
      await waiting.exit()
      expect(waiting.lines.at(-1)).toBe('Hello Dave')
      expect(writing.lines).toEqual(['Thank you!'])
    })
  })
})
