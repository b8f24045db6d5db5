import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from 'msrp'
import { buildCpim } from 'msrp/cpim'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Program, startMsrp, startProgram } from '../../../test/support/process.ts'
import { randomBytes, writeRandomFile } from '../../../test/support/random-file.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { eventsOf } from '../../../test/support/transfer.ts'
import { whyNoPrivateMounts } from '../../msrp/test/node/private-mounts.ts'
import { type RawPeer, rawPeer } from './raw-peer.ts'
import { ok, receiver, sha256 } from './receiver.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

describe('files, texts and standard input go from send to receive', () => {
  test('each arrives with its name, type and hash, and both sides tell so in events', async () => {
    const { program, to, cwd } = await receiver(['--count', '4', '--json', '--dir', 'in'])
    const folder = temporaryFolder()
    const file = await writeRandomFile(join(folder, 'photo ü.jpg'), 3_000_000)
    writeFileSync(join(folder, 'empty.txt'), '')
    const sender = startMsrp(['send', '--text', 'hello\nthere', 'photo ü.jpg', 'empty.txt', '--json', ...to], {
      cwd: folder,
    })
    expect(await sender.exit()).toEqual(ok)
    expect(eventsOf(sender).at(-1)).toEqual({ event: 'done', messages: 3, bytes: 3_000_011 })
    expect(
      eventsOf(sender)
        .filter(({ event }) => event === 'progress')
        .at(-2),
    ).toMatchObject({
      direction: 'sending',
      name: 'photo ü.jpg',
      bytes: 3_000_000,
      total: 3_000_000,
    })

    const piped = startMsrp(['send', '-', '--name', 'piped.bin', '--json', ...to], { input: randomBytes(100_000) })
    expect(await piped.exit()).toEqual(ok)
    expect(await program.exit()).toEqual(ok)

    const [listening, ...rest] = eventsOf(program)
    expect(listening).toEqual({ event: 'listening', path: to[1] })
    const messages = rest.filter(({ event }) => event === 'message')
    expect(messages).toEqual([
      {
        event: 'message',
        messageId: expect.any(String),
        type: 'text/plain;charset=utf-8',
        name: null,
        size: 11,
        sha256: sha256('hello\nthere'),
        path: null,
        text: 'hello\nthere',
      },
      {
        event: 'message',
        messageId: expect.any(String),
        type: 'image/jpeg',
        name: 'photo ü.jpg',
        size: file.size,
        sha256: file.sha256,
        path: join(cwd, 'in/photo ü.jpg'),
        text: null,
      },
      expect.objectContaining({ name: 'empty.txt', size: 0, sha256: sha256(''), path: join(cwd, 'in/empty.txt') }),
      expect.objectContaining({ name: 'piped.bin', size: 100_000, type: 'application/octet-stream' }),
    ])
    expect(rest.at(-1)).toEqual({ event: 'done', messages: 4, bytes: 3_100_011 })
    expect(readdirSync(join(cwd, 'in')).sort()).toEqual(['empty.txt', 'photo ü.jpg', 'piped.bin'])
    expect(sha256(readFileSync(join(cwd, 'in/photo ü.jpg')))).toBe(file.sha256)
    expect(sha256(readFileSync(join(cwd, 'in/piped.bin')))).toBe(sha256(randomBytes(100_000)))
  })

  test('without --json a person reads the text and where the file is', async () => {
    const { program, to, cwd } = await receiver(['--count', '2'])
    writeFileSync(join(cwd, 'note.pdf'), 'a note')
    const sender = startMsrp(['send', '--text', 'see \u001b[31mred', 'note.pdf', ...to], { cwd })
    expect(await sender.exit()).toEqual(ok)
    expect(await program.exit()).toEqual(ok)
    expect(program.stdout.lines).toEqual(['see \\x1b[31mred', `stored 'note (2).pdf'  6 B  sha256 ${sha256('a note')}`])
    expect(readFileSync(join(cwd, 'note.pdf'), 'utf8')).toBe('a note')
    expect(sender.stdout.lines).toEqual([])
    expect(sender.stderr.text).toMatch(/^the text was delivered\nnote\.pdf was delivered: 6 B in /)
  })

  test.each([true, false])(
    'what comes again on a later session is told to be that, --json %s (RFC4975-5.4-21)',
    async (json) => {
      const { program, to } = await receiver(['--count', '3', ...(json ? ['--json'] : [])])
      for (const texts of [['once'], ['once', 'next']]) {
        const session = await connect({ path: to[1] ?? '' })
        for (const text of texts) await session.send(text, { messageId: `same-${text}` }).delivered
        await session.close()
      }
      expect(await program.exit()).toEqual(ok)
      const warnings = [...program.stderr.text.matchAll(/^warning: .*come before/gm)]
      if (json) {
        const messages = eventsOf(program).filter(({ event }) => event === 'message')
        expect(messages.map(({ duplicate }) => duplicate)).toEqual([undefined, true, undefined])
      } else {
        expect(program.stdout.lines).toEqual(['once', 'once', 'next'])
        expect(warnings).toHaveLength(1)
      }
    },
  )

  test('a text too long to be read is stored', async () => {
    const { program, to, cwd } = await receiver(['--count', '2'])
    const long = 'long '.repeat(20_000)
    expect(await startMsrp(['send', '--text', long, ...to]).exit()).toEqual(ok)
    // The same from a pipe has no size beforehand, and no name.
    expect(await startMsrp(['send', '-', '--type', 'text/plain', ...to], { input: long }).exit()).toEqual(ok)
    expect(await program.exit()).toEqual(ok)
    expect(readdirSync(cwd).sort()).toEqual(['unnamed (2).txt', 'unnamed.txt'])
    expect(readFileSync(join(cwd, 'unnamed.txt'), 'utf8')).toBe(long)
  })

  test('more files than a process may have open go one after another', async () => {
    const { program, to, cwd } = await receiver(['--count', '80', '--dir', 'in'])
    const folder = temporaryFolder()
    for (let index = 0; index < 80; index++) writeFileSync(join(folder, `${index}.bin`), String(index))
    const command = [process.execPath, main, 'send', ...readdirSync(folder), ...to]
    const sender = startProgram('sh', ['-c', 'ulimit -n 64; exec "$@"', 'sh', ...command], { cwd: folder })
    expect(await sender.exit()).toEqual(ok)
    expect(await program.exit()).toEqual(ok)
    expect(readdirSync(join(cwd, 'in'))).toHaveLength(80)
  })

  test('small chunks and a named pipe work as well', async () => {
    const { program, to, cwd } = await receiver(['--count', '1'])
    const script = `mkfifo pipe; (head -c 50000 /dev/zero > pipe) & exec "$@"`
    const command = [process.execPath, main, 'send', 'pipe', '--chunk-size', '2048', ...to]
    const sender = startProgram('sh', ['-c', script, 'sh', ...command], { cwd: temporaryFolder() })
    expect(await sender.exit()).toEqual(ok)
    expect(await program.exit()).toEqual(ok)
    expect(readFileSync(join(cwd, 'pipe')).equals(Buffer.alloc(50_000))).toBe(true)
  })
})

describe('message/cpim', () => {
  const parties = { from: 'sip:alice@example.com', to: 'sip:bob@example.com' }
  const required = { namespaces: { x: 'urn:x:y' }, require: ['x.Vital'] }

  async function send(path: string, ...bodies: Uint8Array[]): Promise<void> {
    const session = await connect({ path })
    for (const body of bodies) await session.send(body, { contentType: 'message/cpim' }).delivered
    await session.close()
  }

  test('with a text inside is printed, anything else is stored as it came', async () => {
    const { program, to, cwd } = await receiver(['--count', '6', '--json'])
    const html = buildCpim({ ...parties, contentType: 'text/html' }, '<p>')
    const broken = new TextEncoder().encode('what is this\r\n')
    const unknown = buildCpim({ ...parties, ...required }, 'not to be shown')
    const large = buildCpim(parties, 'x'.repeat(70_000))
    const text = buildCpim(parties, 'Grüße')
    const strange = buildCpim({ ...parties, contentType: 'text/plain;charset=klingon' }, 'nuqneH')
    await send(to[1] ?? '', text, html, broken, unknown, large, strange)
    expect(await program.exit()).toEqual(ok)
    const messages = eventsOf(program).filter(({ event }) => event === 'message')
    expect(messages[0]).toMatchObject({ type: 'message/cpim', text: 'Grüße', path: null, sha256: sha256(text) })
    for (const [index, body] of [html, broken, unknown, large, strange].entries()) {
      const { path, ...rest } = { path: '', ...messages[index + 1] }
      expect(rest).toMatchObject({ text: null, size: body.length, sha256: sha256(body) })
      expect(sha256(readFileSync(path))).toBe(sha256(body))
    }
    expect(readdirSync(cwd)).toHaveLength(5)
  })

  test('and so is a text whose charset is not known', async () => {
    const { program, to } = await receiver(['--count', '1', '--json'])
    const session = await connect({ path: to[1] ?? '' })
    await session.send('nuqneH', { contentType: 'text/plain;charset=klingon' }).delivered
    await session.close()
    expect(await program.exit()).toEqual(ok)
    const message = eventsOf(program).find(({ event }) => event === 'message')
    expect(message).toMatchObject({ type: 'text/plain;charset=klingon', text: null })
    expect(readFileSync(String(message?.path), 'utf8')).toBe('nuqneH')
  })
})

describe('TLS without a relay', () => {
  test('with a certificate for this run, whose file the receiver prints and takes away at its end', async () => {
    const { program, to, ca } = await receiver(['--tls', '--count', '1'])
    const [, path = ''] = to
    expect(path).toMatch(/^msrps:/)
    expect(readFileSync(ca, 'latin1')).toMatch(/BEGIN CERTIFICATE/)
    expect(await startMsrp(['send', '--text', 'hello', '--to', path, '--ca', ca]).exit()).toEqual(ok)
    expect(await program.exit()).toEqual(ok)
    expect(existsSync(ca)).toBe(false)
  })

  test('with the fingerprint of the certificate, which is printed to be pasted and stands in the event', async () => {
    const { program, to } = await receiver(['--tls', '--count', '1', '--json'])
    const [, , , fingerprint = ''] = to
    expect(fingerprint).toMatch(/^sha-256 (?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/)
    expect(eventsOf(program)[0]).toMatchObject({ event: 'listening', fingerprint })
    expect(await startMsrp(['send', '--text', 'hello', ...to]).exit()).toEqual(ok)
    expect(await program.exit()).toEqual(ok)
  })

  test('another fingerprint is exit code 6, also where --ca would do', async () => {
    const { to, ca } = await receiver(['--tls'])
    const [, path = '', , fingerprint = ''] = to
    const wrong = fingerprint.replace(/..$/, (byte) => (byte === '00' ? '01' : '00'))
    const sender = startMsrp(['send', '--text', 'hello', '--to', path, '--fingerprint', wrong, '--ca', ca])
    expect(await sender.exit()).toEqual({ code: 6, signal: null })
    expect(sender.stderr.lines).toEqual([expect.stringMatching(/^error: .*fingerprint/)])
  })

  test('that the sender does not know of: 12, with a hint', async () => {
    const { to } = await receiver(['--tls'])
    const sender = startMsrp(['send', '--text', 'hello', '--to', (to[1] ?? '').replace('msrps:', 'msrp:')])
    expect(await sender.exit()).toEqual({ code: 12, signal: null })
    expect(sender.stderr.lines).toEqual([expect.stringMatching(/^error: .*closed.*without a word.*TLS/)])
  })

  test('by a name that only the command line resolves', async () => {
    const { program, to } = await receiver(['--tls', '--host', 'files.example.com', '--count', '1'])
    expect(to[1]).toMatch(/^msrps:\/\/files\.example\.com:\d+\//)
    const sender = startMsrp(['send', '--text', 'hello', ...to, '--resolve', 'files.example.com=127.0.0.1'])
    expect(await sender.exit()).toEqual(ok)
    expect(await program.exit()).toEqual(ok)
  })

  test('an authority that is not trusted is exit code 6, unless --insecure', async () => {
    const { program, to } = await receiver(['--tls', '--count', '1'])
    const sender = startMsrp(['send', '--text', 'hello', ...to.slice(0, 2)])
    expect(await sender.exit()).toEqual({ code: 6, signal: null })
    expect(sender.stderr.lines).toEqual([expect.stringMatching(/^error: .*certificate/i)])
    const insecure = startMsrp(['send', '--text', 'hello', ...to.slice(0, 2), '--insecure'])
    expect(await insecure.exit()).toEqual(ok)
    expect(insecure.stderr.lines[0]).toMatch(/^warning: --insecure/)
    expect(await program.exit()).toEqual(ok)
  })

  test('a certificate for another name is exit code 7', async () => {
    const { to, ca } = await receiver(['--tls', '--host', 'files.example.com'])
    const [, path = ''] = to
    const sender = startMsrp([
      'send',
      '--text',
      'hello',
      '--to',
      path.replace('files.example.com', '127.0.0.1'),
      '--ca',
      ca,
    ])
    expect(await sender.exit()).toEqual({ code: 7, signal: null })
    expect(sender.stderr.lines).toEqual([expect.stringMatching(/^error: .*files\.example\.com/)])
  })
})

describe('a sender that fails says why, with an exit code, and how far it got', () => {
  async function sendTo(peer: RawPeer, args = ['--text', 'hello']): Promise<Program> {
    const program = startMsrp(['send', ...args, '--json', '--to', peer.path], { cwd: temporaryFolder() })
    await program.exit()
    eventsOf(program)
    return program
  }

  test('nobody listens: 5', async () => {
    const peer = await rawPeer()
    await peer.close()
    const program = await sendTo(peer)
    expect(program.exited).toEqual({ code: 5, signal: null })
    expect(program.stdout.json).toEqual([expect.objectContaining({ event: 'error', code: 'unreachable' })])
    expect(program.stderr.lines).toEqual([expect.stringMatching(/^error: .*refused/)])
  })

  test('no such name: 5', async () => {
    const program = startMsrp(['send', '--text', 'x', '--to', 'msrp://no-such-host.invalid:1/x;tcp'])
    expect(await program.exit()).toEqual({ code: 5, signal: null })
    expect(program.stderr.lines).toEqual([expect.stringMatching(/^error: .*no-such-host\.invalid/)])
  })

  test('it is no MSRP that answers: 8', async () => {
    const program = await sendTo(await rawPeer({ onRequest: () => 'HTTP/1.1 400 Bad Request\r\n\r\n' }))
    expect(program.exited).toEqual({ code: 8, signal: null })
    expect(program.stderr.lines).toHaveLength(1)
  })

  test('the peer refuses the session: 11, with the status', async () => {
    const peer = await rawPeer({ onRequest: (request) => request.answer(481) })
    const program = await sendTo(peer)
    expect(program.exited).toEqual({ code: 11, signal: null })
    expect(program.stdout.json).toEqual([expect.objectContaining({ event: 'error', code: 'refused', status: 481 })])
    expect(program.stderr.lines).toEqual([expect.stringMatching(/^error: .*481/)])
  })

  test('the peer refuses the file: 11, with the status and what is confirmed', async () => {
    const peer = await rawPeer({ onRequest: (request) => request.answer(request.hasBody ? 413 : 200) })
    const program = await sendTo(peer)
    expect(program.exited).toEqual({ code: 11, signal: null })
    expect(program.stdout.json.at(-1)).toMatchObject({ event: 'error', status: 413, confirmedBytes: 0 })
    expect(program.stderr.lines.at(-1)).toMatch(/^error: the text: .*413.*; confirmed 0 of 5 bytes$/)
  })

  test('the connection breaks before everything is confirmed, with --no-retry: 12', async () => {
    const peer = await rawPeer({
      onRequest: (request) => {
        if (!request.hasBody) return request.answer(200)
        return request.answer(200) + request.report(1, 3)
      },
      hangUpAfter: 2,
    })
    const program = await sendTo(peer, ['--text', 'hello', '--no-retry'])
    expect(program.exited).toEqual({ code: 12, signal: null })
    expect(program.stdout.json.at(-1)).toMatchObject({ event: 'error', code: 'connection-lost', confirmedBytes: 3 })
    expect(program.stderr.lines.at(-1)).toMatch(/confirmed 3 of 5 bytes$/)
  })

  test('a file that is missing: 3, before anybody is connected to; one that goes missing: 3 when its turn comes', async () => {
    const cwd = temporaryFolder()
    for (const name of ['a', 'b']) writeFileSync(join(cwd, name), name)
    const peer = await rawPeer({
      onRequest: (request) => {
        if (!request.hasBody) return request.answer(200)
        rmSync(join(cwd, 'b'))
        return request.answer(200) + request.report(1, 1)
      },
    })
    const early = startMsrp(['send', 'a', 'c', '--to', peer.path], { cwd })
    expect(await early.exit()).toEqual({ code: 3, signal: null })
    expect(peer.bodies).toEqual([])
    const late = startMsrp(['send', 'a', 'b', '--to', peer.path], { cwd })
    expect(await late.exit()).toEqual({ code: 3, signal: null })
    expect(late.stderr.lines.at(-1)).toBe('error: cannot read b: there is no such file or folder')
    expect(peer.bodies).toEqual(['a'])
  })

  test('the second of three files fails: the first stays delivered, the third is not tried', async () => {
    const peer = await rawPeer({
      onRequest: (request) => {
        const size = request.body.length
        return request.answer(size === 2 ? 403 : 200) + (size > 0 && size !== 2 ? request.report(1, size) : '')
      },
    })
    const cwd = temporaryFolder()
    for (const size of [1, 2, 3]) writeFileSync(join(cwd, `${size}.bin`), 'x'.repeat(size))
    const program = startMsrp(['send', '1.bin', '2.bin', '3.bin', '--to', peer.path], { cwd })
    expect(await program.exit()).toEqual({ code: 11, signal: null })
    expect(program.stderr.lines).toEqual([
      expect.stringMatching(/^1\.bin was delivered/),
      expect.stringMatching(/^error: 2\.bin: .*403.*; confirmed 0 of 2 bytes$/),
    ])
    expect(peer.bodies).toEqual(['x', 'xx'])
  })

  test('Ctrl-C: 130, and the peer sees that the file was given up', async () => {
    const peer = await rawPeer({ onRequest: (request) => request.answer(200) })
    const program = startMsrp(['send', '-', '--to', peer.path])
    await program.write('the beginning')
    // The last byte waits for the next: only then is it known not to be the end.
    await peer.received(/the beginnin/)
    program.kill('SIGINT')
    expect(await program.exit()).toEqual({ code: 130, signal: null })
    expect(program.stderr.lines.at(-1)).toMatch(/interrupted; confirmed 0 of an unknown number of bytes$/)
    await peer.received(/-------\S+#\r\n/)
  })
})

describe('a receiver', () => {
  test('goes on when one file cannot be stored for its own sake: its names are used up', async () => {
    const cwd = temporaryFolder()
    for (let index = 1; index <= 1000; index++) writeFileSync(join(cwd, index === 1 ? 'a.bin' : `a (${index}).bin`), '')
    const { program, to } = await receiver(['--count', '1'], cwd)
    const session = await connect({ path: to[1] ?? '' })
    await expect(session.send('x', { fileName: 'a.bin', successReport: true }).delivered).rejects.toThrow()
    await session.send('still here').delivered
    await session.close()
    expect(await program.exit()).toEqual(ok)
    expect(program.stderr.text).toMatch(/^error: a\.bin did not arrive whole/m)
  })

  /** A sender whose file has begun to arrive and does not end. */
  async function halfSent(to: string[], folder: string): Promise<Program> {
    const sender = startMsrp(['send', '-', '--name', 'half.bin', '--no-retry', ...to])
    await sender.write(randomBytes(300_000))
    await expect.poll(() => readdirSync(folder).length, { timeout: 5_000 }).toBe(1)
    expect(readdirSync(folder)[0]).toMatch(/^\.msrp-.*\.part$/)
    return sender
  }

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('that gets %s in the middle of a file ends with %i and leaves nothing', async (signal, code) => {
    const { program, to, ca, cwd } = await receiver(['--tls'])
    const sender = await halfSent(to, cwd)
    program.kill(signal)
    expect(await program.exit()).toEqual({ code, signal: null })
    expect(readdirSync(cwd)).toEqual([])
    expect(existsSync(ca)).toBe(false)
    expect((await sender.exit()).code).toBeGreaterThan(0)
    expect(sender.stderr.lines.at(-1)).toMatch(
      /413 The recipient stopped receiving; confirmed \d+ of an unknown number of bytes/,
    )
  })

  test('outlives a sender that is killed, keeps nothing of its file and takes the next sender', async () => {
    const { program, to, cwd } = await receiver(['--count', '1', '--json'])
    const killed = await halfSent(to, cwd)
    killed.kill('SIGKILL')
    await expect.poll(() => readdirSync(cwd), { timeout: 5_000 }).toEqual([])
    expect(await startMsrp(['send', '--text', 'next', ...to]).exit()).toEqual(ok)
    expect(await program.exit()).toEqual(ok)
    expect(eventsOf(program).filter(({ event }) => event !== 'progress')).toEqual([
      expect.objectContaining({ event: 'listening' }),
      expect.objectContaining({ event: 'error', messageId: expect.any(String) }),
      expect.objectContaining({ event: 'message', text: 'next' }),
      { event: 'done', messages: 1, bytes: 4 },
    ])
  })

  test('turns a second sender away while the first is there', async () => {
    const { to, cwd } = await receiver()
    await halfSent(to, cwd)
    const second = startMsrp(['send', '--text', 'me too', ...to])
    expect(await second.exit()).toEqual({ code: 11, signal: null })
    expect(second.stderr.text).toMatch(/506/)
  })

  test('a port that is taken: 5', async () => {
    const { program } = await receiver()
    const [, port] = (await program.line(/127\.0\.0\.1:(\d+)/)) ?? []
    const second = startMsrp(['receive', '--listen', `127.0.0.1:${port}`], { cwd: temporaryFolder() })
    expect(await second.exit()).toEqual({ code: 5, signal: null })
    expect(second.stderr.lines).toEqual([expect.stringMatching(/^error: .*in use|taken/)])
  })

  test('a folder that cannot be written: 4, before anybody is let in', async () => {
    const program = startMsrp(['receive', '--listen', '127.0.0.1:0', '--dir', '/dev/null/in'])
    expect(await program.exit()).toEqual({ code: 4, signal: null })
    expect(program.stderr.lines).toEqual([expect.stringMatching(/^error: cannot write \/dev\/null/)])
  })

  test('a file instead of a folder: 4, and the line names the option', async () => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'taken'), '')
    const program = startMsrp(['receive', '--listen', '127.0.0.1:0', '--dir', 'taken'], { cwd })
    expect(await program.exit()).toEqual({ code: 4, signal: null })
    expect(program.stderr.lines).toEqual([
      `error: cannot write ${join(cwd, 'taken')} (--dir): it is a file, not a folder`,
    ])
  })

  test('a folder that vanishes: 4, and the sender hears of it', async () => {
    const cwd = temporaryFolder()
    mkdirSync(join(cwd, 'in'))
    const { program, to } = await receiver(['--dir', 'in'], cwd)
    rmSync(join(cwd, 'in'), { recursive: true })
    const sender = startMsrp(['send', '-', '--name', 'x', ...to], { input: 'x' })
    expect((await sender.exit()).code).toBe(11)
    expect(await program.exit()).toEqual({ code: 4, signal: null })
  })

  test('whose disk is full: 4, nothing of the file stays, and the sender hears of it', async (context) => {
    const why = whyNoPrivateMounts()
    if (why !== undefined) context.skip(why)
    const cwd = temporaryFolder()
    const script = 'mount -t tmpfs -o size=1m none . && cd "$PWD" && "$@"; code=$?; ls -A; exit $code'
    const command = [process.execPath, main, 'receive', '--listen', '127.0.0.1:0', '--count', '1']
    const program = startProgram('unshare', ['-m', 'sh', '-c', script, 'sh', ...command], { cwd })
    const [, path = ''] = await program.line(/--to '([^']+)'/)
    const sender = startMsrp(['send', '-', '--name', 'large.bin', '--to', path], { input: Buffer.alloc(4_000_000) })
    expect((await sender.exit()).code).toBe(11)
    expect(sender.stderr.lines.at(-1)).toMatch(/413.*confirmed \d+ of/)
    expect(await program.exit()).toEqual({ code: 4, signal: null })
    expect(program.stderr.lines.at(-1)).toMatch(/^error: cannot write .*large\.bin: no space/)
    expect(program.stdout.lines).toEqual([])
  })

  test('whose output nobody reads any more ends quietly', async () => {
    const cwd = temporaryFolder()
    const script = '{ "$0" "$@"; echo "ended with $?" >&2; } | head -n 1'
    const program = startProgram(
      'sh',
      ['-c', script, process.execPath, main, 'receive', '--listen', '127.0.0.1:0', '--json'],
      { cwd },
    )
    const [line] = await program.stdout.line(/listening/)
    const { path } = JSON.parse(String(program.stdout.lines[0] ?? line)) as { path: string }
    startMsrp(['send', '--text', 'hello', '--to', path])
    await program.line(/ended with 141/)
    expect(program.stderr.text).not.toMatch(/error/)
    onTestFinished(() => program.stop())
  })
})
