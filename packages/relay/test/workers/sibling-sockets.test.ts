import { once } from 'node:events'
import { chmodSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Transport } from 'msrp/connection'
import { expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import type { SiblingGreeting } from '../../src/forwarding/siblings.ts'
import { PREFACE_BYTES, readPreface, writePreface } from '../../src/workers/sibling-preface.ts'
import { listenForSiblings, siblingDialer } from '../../src/workers/sibling-sockets.ts'

const greeting: SiblingGreeting = {
  kind: 'stand-in',
  description: 'tls 192.0.2.7:40312',
  secure: true,
  certificateNames: ['other.example.com'],
}

it('what a connection stands for arrives before its bytes, and no byte is lost between them', async () => {
  const { sockets, accepted } = await workers()
  const near = await siblingDialer(sockets)(1, greeting)
  near.write(Buffer.from('first bytes'))
  const { transport: far, greeting: arrived } = await accepted()
  expect(arrived).toEqual(greeting)
  expect(far.description).toBe('tls 192.0.2.7:40312')
  expect(far.secure).toBe(true)
  const there = received(far)
  near.write(Buffer.from(', and more'))
  await expect.poll(there).toBe('first bytes, and more')
  const back = received(near)
  far.write(Buffer.from('an answer'))
  await expect.poll(back).toBe('an answer')
  near.destroy()
  far.destroy()
})

it.each([
  ['nothing of the kind', 'MSRP a786hjs2 SEND\r\n'],
  ['another version', `${JSON.stringify({ version: 2, secret: 'of the workers', kind: 'hop', index: 0 })}\n`],
  ['another secret', writePreface({ kind: 'hop', index: 0 }, 'of somebody')],
  ['more than it may', '{'.padEnd(PREFACE_BYTES + 1, ' ')],
])('who says %s is closed', async (_, line) => {
  const { sockets, taken } = await workers()
  const socket = connect(join(sockets.folder, '1.sock'))
  socket.on('error', () => {})
  socket.write(line)
  socket.resume()
  await once(socket, 'close')
  expect(taken).toEqual([])
})

it('a sibling that is gone is told as one that cannot be reached, and one that comes back takes its place', async () => {
  const { sockets, listener } = await workers()
  await listener.close()
  await expect(siblingDialer(sockets)(1, greeting)).rejects.toMatchObject({ code: 'unreachable' })
  // Of one that was killed the socket is still there.
  const { listener: killed } = await workers(sockets.folder)
  const { accepted } = await workers(sockets.folder)
  const near = await siblingDialer(sockets)(1, { kind: 'hop', index: 0 })
  const { transport } = await accepted()
  expect(transport.description).toBe('worker 0')
  near.destroy()
  transport.destroy()
  await killed.close()
})

it('a certificate with very many names costs no more than a line may be long', () => {
  const certificateNames = Array.from({ length: 5000 }, (_, index) => `name-${index}.example.com`)
  const line = writePreface({ ...greeting, certificateNames }, 'secret')
  expect(Buffer.byteLength(line)).toBeLessThanOrEqual(PREFACE_BYTES)
  expect(readPreface(line.trim(), 'secret')).toMatchObject({ kind: 'stand-in', secure: true })
})

async function workers(folder = temporaryFolder()) {
  chmodSync(folder, 0o700)
  expect(statSync(folder).mode & 0o077).toBe(0)
  const sockets = { folder, secret: 'of the workers' }
  const taken: { transport: Transport; greeting: SiblingGreeting }[] = []
  const log = { debug: () => {}, info: () => {}, warn: () => {} }
  const onSibling = (transport: Transport, greeting: SiblingGreeting): void => void taken.push({ transport, greeting })
  const listener = await listenForSiblings(sockets, 1, { log, onSibling })
  onTestFinished(() => listener.close())
  const accepted = async () => {
    await expect.poll(() => taken.length).toBeGreaterThan(0)
    return taken[0]!
  }
  return { sockets, taken, listener, accepted }
}

function received(transport: Transport): () => string {
  let text = ''
  transport.start({
    onData: (bytes) => {
      text += Buffer.from(bytes).toString()
    },
    onDrain: () => {},
    onClose: () => {},
  })
  return () => text
}
