import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issueCertificate } from 'msrp-relay/certificates'
import { beforeAll, describe, expect, test } from 'vitest'
import { randomBytes, sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { newAuthority, startRelay, type TestRelay } from './support/relay.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import {
  eventsNamed,
  expectExit,
  expectProgress,
  filesIn,
  memoryBound,
  nextEvent,
  outcomeOf,
  overTcp,
  overTls,
  startReceiver,
  startSender,
  throughRelay,
  type Way,
} from './support/transfer.ts'

const MiB = 1024 * 1024
const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

let relay: TestRelay

beforeAll(async () => {
  relay = await startRelay({ lifetime: 'file' })
})

test('256 MiB through the relay over TLS, both users logged in, arrive whole in little memory', async () => {
  const file = await writeRandomFile(join(temporaryFolder(), 'big.bin'), 256 * MiB)
  const bob = await startReceiver(throughRelay(relay), { args: ['--count', '1'] })
  const alice = startSender([file.path], bob)
  await expectExit(alice, 0, 60_000)
  await expectExit(bob.program)

  const stored = join(bob.folder, 'big.bin')
  expect(outcomeOf(bob.program)).toEqual([
    expect.objectContaining({ event: 'message', name: 'big.bin', size: file.size, sha256: file.sha256, path: stored }),
    { event: 'done', messages: 1, bytes: file.size },
  ])
  expect(outcomeOf(alice)).toEqual([{ event: 'done', messages: 1, bytes: file.size }])
  expect(await sha256OfFile(stored)).toBe(file.sha256)
  expect(filesIn(bob.folder)).toEqual(['big.bin'])

  expectProgress(alice, { direction: 'sending', name: 'big.bin', size: file.size })
  expectProgress(bob.program, { direction: 'receiving', name: 'big.bin', size: file.size })
  for (const program of [alice, bob.program, relay.program]) {
    expect(program.peakMemory, program.describe()).toBeGreaterThan(0)
    expect(program.peakMemory, program.describe()).toBeLessThan(memoryBound)
  }
})

const ways: [string, () => Way][] = [
  ['through the relay', () => throughRelay(relay)],
  ['directly over TCP', () => overTcp],
  ['directly over TLS', () => overTls],
]

describe.each(ways)('%s', (_, way) => {
  test('a text and files of awkward sizes arrive in order on one session', async () => {
    const folder = temporaryFolder()
    const sizes = [0, 1, 2047, 2048, 2049, 65_536, 3 * MiB + 1]
    const files = await Promise.all(sizes.map((size) => writeRandomFile(join(folder, `${size}.bin`), size, size)))
    const bytes = sizes.reduce((sum, size) => sum + size, Buffer.byteLength('Grüße'))
    const messages = sizes.length + 1

    const bob = await startReceiver(way(), { args: ['--count', String(messages)] })
    const alice = startSender(['--text', 'Grüße', ...files.map(({ path }) => path)], bob)
    await expectExit(alice)
    await expectExit(bob.program)

    expect(outcomeOf(bob.program)).toEqual([
      expect.objectContaining({ event: 'message', text: 'Grüße', path: null, sha256: sha256('Grüße') }),
      ...files.map((file) =>
        expect.objectContaining({
          event: 'message',
          name: `${file.size}.bin`,
          size: file.size,
          sha256: file.sha256,
          text: null,
        }),
      ),
      { event: 'done', messages, bytes },
    ])
    expect(outcomeOf(alice)).toEqual([{ event: 'done', messages, bytes }])
    for (const file of files) {
      expect(await sha256OfFile(join(bob.folder, `${file.size}.bin`))).toBe(file.sha256)
      expectProgress(alice, { direction: 'sending', name: `${file.size}.bin`, size: file.size })
    }
    expect(filesIn(bob.folder)).toHaveLength(files.length)
  })

  test('standard input arrives though nobody knows its size beforehand', async () => {
    const body = randomBytes(5 * MiB + 3)
    const bob = await startReceiver(way(), { args: ['--count', '1'] })
    const alice = startSender(['-', '--name', 'stream.tar.gz'], bob)
    await alice.write(body.subarray(0, 3 * MiB))
    // Both tell how far they are and that the end is open, long before it comes.
    const halfWay = { event: 'progress', name: 'stream.tar.gz', total: null }
    expect(await nextEvent(bob.program, ({ event }) => event === 'progress')).toMatchObject(halfWay)
    expect(await nextEvent(alice, ({ event }) => event === 'progress')).toMatchObject(halfWay)
    await alice.write(body.subarray(3 * MiB))
    alice.end()
    await expectExit(alice)
    await expectExit(bob.program)
    expect(outcomeOf(bob.program)[0]).toMatchObject({
      type: 'application/gzip',
      size: body.byteLength,
      sha256: sha256(body),
    })
    expect(sha256(readFileSync(join(bob.folder, 'stream.tar.gz')))).toBe(sha256(body))
    const file = { name: 'stream.tar.gz', size: body.byteLength, announced: false }
    expectProgress(alice, { ...file, direction: 'sending' })
    expectProgress(bob.program, { ...file, direction: 'receiving' })
  })

  test('no chunk is larger than --chunk-size', async () => {
    const file = await writeRandomFile(join(temporaryFolder(), 'chunked.bin'), 100_000)
    const bob = await startReceiver(way(), { args: ['--count', '1', '--verbose'] })
    const alice = startSender([file.path, '--chunk-size', '10240'], bob)
    await expectExit(alice)
    await expectExit(bob.program)
    expect(outcomeOf(bob.program)[0]).toMatchObject({ sha256: file.sha256 })
    const starts = [...bob.program.stderr.text.matchAll(/Byte-Range: (\d+)-(?:\*|\d+)\/100000$/gm)].map(([, start]) =>
      Number(start),
    )
    // Those of REPORTs among them do no harm: they begin at 1.
    const ordered = [...new Set([...starts, file.size + 1])].sort((a, b) => a - b)
    expect(ordered.length).toBeGreaterThan(9)
    for (const [index, start] of ordered.slice(1).entries()) {
      expect(start - (ordered[index] ?? 0)).toBeLessThanOrEqual(10_240)
    }
  })

  test('while one sender is there another is refused with 506, and is served when the first has left', async () => {
    const bob = await startReceiver(way())
    const first = startSender(['-', '--name', 'first.bin'], bob)
    await first.write(randomBytes(100_000))
    await nextEvent(bob.program, ({ event }) => event === 'progress')

    const intruder = startSender(['--text', 'let me in'], bob)
    await expectExit(intruder, 11)
    expect(outcomeOf(intruder)).toEqual([
      expect.objectContaining({ event: 'error', code: 'refused', status: 506, confirmedBytes: 0 }),
    ])
    expect(intruder.stderr.lines).toEqual([expect.stringMatching(/^error: .*506/)])

    first.end()
    await expectExit(first)
    const second = startSender(['--text', 'my turn'], bob)
    await expectExit(second)
    expect(eventsNamed(bob.program, 'message')).toEqual([
      expect.objectContaining({ name: 'first.bin', size: 100_000, sha256: sha256(randomBytes(100_000)) }),
      expect.objectContaining({ text: 'my turn' }),
    ])
  })

  test('after --count messages the receiver ends, and a sender with more hears which did not arrive', async () => {
    const folder = temporaryFolder()
    const names = ['one', 'two', 'three'].map((name) => join(folder, name))
    for (const name of names) writeFileSync(name, name)
    const bob = await startReceiver(way(), { args: ['--count', '2'] })
    const alice = startSender([...names, '--no-retry'], bob)
    await expectExit(bob.program)
    expect((await alice.exit()).code).toBeOneOf([11, 12])
    expect(outcomeOf(bob.program).at(-1)).toMatchObject({ event: 'done', messages: 2 })
    expect(filesIn(bob.folder)).toEqual(['one', 'two'])
    expect(alice.stderr.lines.at(-1)).toMatch(/^error: \S+three: .*; confirmed 0 of \d+ bytes$/)
  })
})

describe('names of files', () => {
  test('are kept where they can be and made harmless where not', async () => {
    const sent = temporaryFolder()
    // What nobody can read or type is not even sent.
    const names: [given: string, stored: string, told?: string][] = [
      ['日本語 🎉 ñandú.txt', '日本語 🎉 ñandú.txt'],
      ['  spaces  and "quotes".txt', 'spaces  and _quotes_.txt'],
      ['percent%2F..%2Fslash.txt', 'percent%2F..%2Fslash.txt'],
      ['back\\..\\slash.txt', 'slash.txt'],
      ['new\nline\u001b[31m.txt', 'new_line_[31m.txt', 'new_line_[31m.txt'],
      ['reversed \u202etxt.exe', 'reversed txt.exe'],
      ['.bashrc', 'bashrc'],
      ['-rf', '_rf'],
      ['CON.txt', '_CON.txt'],
      [`${'x'.repeat(240)}.txt`, `${'x'.repeat(132)}.txt`],
    ]
    for (const [name] of names) writeFileSync(join(sent, name), name)
    const bob = await startReceiver(throughRelay(relay), { args: ['--count', String(names.length)] })
    const alice = startSender(
      names.map(([name]) => join(sent, name)),
      bob,
    )
    await expectExit(alice)
    await expectExit(bob.program)
    expect(eventsNamed(bob.program, 'message').map(({ name, path }) => [name, path])).toEqual(
      names.map(([name, stored, told = name]) => [told, join(bob.folder, stored)]),
    )
    for (const [name, stored] of names) expect(readFileSync(join(bob.folder, stored), 'utf8')).toBe(name)
    expect(filesIn(bob.folder)).toEqual(names.map(([, stored]) => stored).sort())
  })

  test('never lead out of the folder or onto another file', async () => {
    const bob = await startReceiver(throughRelay(relay), { args: ['--dir', 'in', '--count', '4'] })
    for (const name of ['../../../../tmp/climbed', '/etc/passwd', '..', 'climbed']) {
      await expectExit(startSender(['-', '--name', name], bob, { input: name }))
    }
    await expectExit(bob.program)
    const folder = join(bob.folder, 'in')
    expect(filesIn(folder)).toEqual(['climbed', 'climbed (2)', 'passwd', 'unnamed'])
    expect(readFileSync(join(folder, 'climbed'), 'utf8')).toBe('../../../../tmp/climbed')
    expect(readFileSync(join(folder, 'climbed (2)'), 'utf8')).toBe('climbed')
    expect(filesIn(bob.folder)).toEqual(['in'])
  })
})

test('directly over TLS with a certificate from --cert and --key', async () => {
  const folder = temporaryFolder()
  const authority = await newAuthority()
  const { certificate, key } = await issueCertificate({ names: ['bob.example.com'], ca: authority })
  const files = { cert: join(folder, 'bob.pem'), key: join(folder, 'bob.key'), ca: join(folder, 'ca.pem') }
  writeFileSync(files.cert, certificate)
  writeFileSync(files.key, key)
  writeFileSync(files.ca, authority.certificate)
  const listen = ['--listen', '127.0.0.1:0', '--host', 'bob.example.com', '--cert', files.cert, '--key', files.key]
  const way = { receiver: listen, sender: ['--ca', files.ca, '--resolve', 'bob.example.com=127.0.0.1'] }
  const bob = await startReceiver(way, { args: ['--count', '1'] })
  expect(bob.to[1]).toMatch(/^msrps:\/\/bob\.example\.com:\d+\//)
  const file = await writeRandomFile(join(folder, 'file.bin'), MiB)
  await expectExit(startSender([file.path], bob))
  await expectExit(bob.program)
  expect(outcomeOf(bob.program)[0]).toMatchObject({ sha256: file.sha256 })
})
