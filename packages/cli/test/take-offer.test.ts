import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Endpoint } from 'msrp'
import { FileTransfers, withHashes } from 'msrp/file'
import { fileHash, nodeFilePlatform } from 'msrp/node'
import { Negotiation } from 'msrp/sdp'
import { expect, onTestFinished, test } from 'vitest'
import { Exchange } from '../../../test/support/exchange.ts'
import { type Program, startMsrp } from '../../../test/support/process.ts'
import { eventsNamed, expectExit, filesIn, nextEvent, underWay } from '../../../test/support/transfer.ts'

const listening = ['--listen', '127.0.0.1:0']

/** What the sender offers, once it does. */
async function offered(sender: Program): Promise<string> {
  const { sdp } = await nextEvent(sender, ({ event }) => event === 'description')
  return String(sdp)
}

/** An offer to which nobody will ever come, of what is told beside. */
function offerOf(...lines: string[]): string {
  return [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=message 9 TCP/MSRP *'],
    ...['a=accept-types:*', 'a=path:msrp://127.0.0.1:9/nobody;tcp', ...lines, ''],
  ].join('\r\n')
}

test('--only means a file by its name and by its path, and one that is not offered leaves nothing behind', async () => {
  const exchange = new Exchange()
  await exchange.file('album - a.txt', 10)
  await exchange.file('b.txt', 10)
  const alice = exchange.send(['album - a.txt', 'b.txt', ...listening])
  await offered(alice)
  const wrong = exchange.receive(['--only', 'b.txt', '--only', 'c.txt'])
  await expectExit(wrong, 2)
  expect(wrong.stderr.lines.at(-1)).toMatch(/no file called c\.txt is offered .*album - a\.txt, b\.txt/)
  expect(existsSync(exchange.answer)).toBe(false)
  await expectExit(exchange.receive(['--only', 'album/a.txt']))
  expect(filesIn(exchange.inbox)).toEqual(['album - a.txt'])
  // What was not wanted was refused.
  await expectExit(alice, 11)
})

test('a part of a file that has come is no file: 12, and the next offer goes on there', async () => {
  const exchange = new Exchange()
  const endpoint = new Endpoint()
  onTestFinished(() => endpoint.close())
  const transfers = new FileTransfers({ platform: nodeFilePlatform, media: { listen: { host: '127.0.0.1', port: 0 } } })
  const negotiation = new Negotiation(endpoint, [])
  const plain = { body: Buffer.alloc(10, 'x'), name: 'a.bin', type: 'application/octet-stream' }
  const file = await withHashes(plain, { createHash: fileHash })
  const sending = await transfers.offer(negotiation, file, { range: { start: 1, stop: 5 } })
  writeFileSync(exchange.offer, await negotiation.offer())
  const bob = exchange.receive()
  const { sdp } = await nextEvent(bob, ({ event }) => event === 'description')
  await Promise.all([negotiation.accept(String(sdp)), sending.done])
  await expectExit(bob, 12)
  expect(eventsNamed(bob, 'error')).toEqual([
    expect.objectContaining({ code: 'closed', message: expect.stringContaining('only a part of it'), storedBytes: 5 }),
  ])
  expect(filesIn(exchange.inbox).filter((name) => !name.startsWith('.'))).toEqual([])
})

test('what is told to be stored of a file that broke off is what the next command has of it', async () => {
  const exchange = new Exchange()
  const file = await exchange.file('big.bin', 48 * 1024 * 1024)
  const alice = exchange.send(['big.bin', ...listening])
  const bob = exchange.receive()
  await underWay(exchange.inbox, 4 * 1024 * 1024)
  alice.kill('SIGKILL')
  await expectExit(bob, 12)
  const [error] = eventsNamed(bob, 'error')
  const stored = Number(error?.storedBytes)
  expect(error?.message).toContain(`; have ${stored} of ${file.size} bytes, and the next offer can go on there`)
  for (const { bytes } of eventsNamed(bob, 'progress')) expect(Number(bytes)).toBeLessThanOrEqual(stored)
  const sender = exchange.send(['big.bin', ...listening])
  await offered(sender)
  const again = exchange.receive()
  await expectExit(again)
  expect(eventsNamed(again, 'offered')).toEqual([expect.objectContaining({ stored })])
  await expectExit(sender)
})

test('who takes files for a chat, or a chat for files, hears the right command, and nothing is answered', async () => {
  const { offer, answer, folder: cwd, ...exchange } = new Exchange()
  writeFileSync(offer, offerOf('a=file-selector:name:"a.txt" size:1'))
  const chat = startMsrp(['chat', '--take', offer, '--answer', answer], { cwd })
  await expectExit(chat, 2)
  expect(chat.stderr.lines.at(-1)).toMatch(/offers files: msrp receive --offer/)
  writeFileSync(offer, offerOf())
  const files = startMsrp(['receive', '--offer', offer, '--answer', answer, '--dir', exchange.inbox], { cwd })
  await expectExit(files, 2)
  expect(files.stderr.lines.at(-1)).toMatch(/offers a chat: msrp chat --take/)
  expect(existsSync(answer)).toBe(false)
})

test('a chat that cannot come about is answered, so that nobody waits in vain', async () => {
  const { offer, answer, folder: cwd } = new Exchange()
  // It comes over TLS, with a certificate that nobody can check.
  const fingerprint = `a=fingerprint:sha-1 ${Array(20).fill('00').join(':')}`
  writeFileSync(offer, offerOf(fingerprint).replace('TCP/MSRP', 'TCP/TLS/MSRP').replace('msrp:', 'msrps:'))
  const chat = startMsrp(['chat', '--take', offer, '--answer', answer, ...listening], { cwd })
  await expectExit(chat, 11)
  expect(readFileSync(answer, 'utf8')).toMatch(/^m=message 0 /m)
})

test('a chat is not offered where the other side offers one', async () => {
  const { offer, answer, folder: cwd } = new Exchange()
  writeFileSync(offer, offerOf())
  const chat = startMsrp(['chat', '--offer', offer, '--answer', answer, ...listening], { cwd })
  await expectExit(chat, 2)
  expect(chat.stderr.lines.at(-1)).toContain(`--take ${join(cwd, 'offer.sdp')}`)
  expect(readFileSync(offer, 'utf8')).toBe(offerOf())
})

test('a chat is taken over TLS by who listens, as its offer wants it', async () => {
  const { offer, answer, folder: cwd } = new Exchange()
  const places = ['--offer', offer, '--answer', answer, '--tls', '--json']
  const alice = startMsrp(['chat', ...places], { cwd, input: 'hello\n' })
  const bob = startMsrp(['chat', '--take', offer, '--answer', answer, '--listen', '127.0.0.1:0', '--json'], { cwd })
  await expectExit(alice)
  await expectExit(bob)
  expect(eventsNamed(bob, 'message')).toEqual([expect.objectContaining({ text: 'hello' })])
  expect(String(eventsNamed(bob, 'description')[0]?.sdp)).toMatch(/^m=message \d+ TCP\/TLS\/MSRP /m)
})

test('two commands that offer files of the same names at one place do not replace each other', async () => {
  const exchange = new Exchange()
  await exchange.file('a.bin', 1000)
  const args = ['a.bin', '--listen', '127.0.0.1:0']
  const first = exchange.send(args)
  await nextEvent(first, ({ event }) => event === 'description')
  const second = exchange.send(args)
  await expectExit(second, 2)
  expect(second.stderr.lines.at(-1)).toMatch(/another msrp/)
  await expectExit(exchange.receive())
  await expectExit(first)
})
