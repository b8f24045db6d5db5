import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws'
import { WebSocketTransport } from '../../src/node/index.ts'
import { FakeClock, settle } from '../transport/fake-clock.ts'
import { Recorder } from '../transport/recorder.ts'

const INTERVAL = 30_000

interface Ends {
  clock: FakeClock
  transport: WebSocketTransport
  recorder: Recorder
  /** What somebody else has at the far end. */
  far: WebSocket
}

/** A transport on the server's side, whose clock the test moves. */
async function connected(options: ClientOptions = {}): Promise<Ends> {
  const clock = new FakeClock()
  const server = createServer()
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: 128 * 1024, skipUTF8Validation: true })
  const accepted = Promise.withResolvers<WebSocketTransport>()
  server.on('upgrade', (request, socket, head) => {
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      accepted.resolve(new WebSocketTransport(webSocket, socket as Socket, { clock, pingInterval: INTERVAL }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const far = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, 'msrp', options)
  far.on('error', () => {})
  await once(far, 'open')
  const transport = await accepted.promise
  onTestFinished(() => {
    far.terminate()
    transport.destroy()
    server.close()
  })
  return { clock, transport, recorder: Recorder.on(transport), far }
}

describe('a WebSocket', () => {
  test('whose far side answers pings stays, however silent it is (RFC7977-6-1)', async () => {
    const { clock, recorder, far } = await connected()
    for (let round = 0; round < 5; round++) {
      const pinged = once(far, 'ping')
      await clock.advance(INTERVAL)
      await pinged
      // Sent after its answer, and seen after it.
      far.send('x')
      await recorder.until(() => recorder.received === round + 1)
    }
    expect(recorder.closes).toBe(0)
  })

  test('whose far side does not answer is lost after two intervals, with an error that says so', async () => {
    const { clock, recorder } = await connected({ autoPong: false })
    await clock.advance(INTERVAL)
    expect(recorder.closes).toBe(0)
    await clock.advance(INTERVAL)
    await recorder.closed()
    expect(recorder.error).toMatchObject({
      code: 'connection-lost',
      message: expect.stringMatching(/does not answer pings/),
    })
  })

  test('that is not read itself is not lost: what is not read cannot be an answer', async () => {
    const { clock, transport, recorder } = await connected({ autoPong: false })
    transport.pause()
    await clock.advance(10 * INTERVAL)
    transport.resume()
    await clock.advance(INTERVAL)
    await settle()
    expect(recorder.closes).toBe(0)
  })

  test('takes text for bytes, whole or in frames (RFC7977-4.2-1, RFC7977-4.2-2)', async () => {
    const { recorder, far } = await connected()
    far.send('Grüße ')
    far.send(Buffer.from([0xff, 0xfe]), { binary: false, fin: false })
    far.send(Buffer.from([0x0a]), { fin: true })
    const expected = Buffer.concat([Buffer.from('Grüße '), Buffer.from([0xff, 0xfe, 0x0a])])
    await recorder.until(() => recorder.received === expected.length)
    expect(Buffer.concat(recorder.pieces).equals(expected)).toBe(true)
  })

  test('with a message that is too large ends, with an error that names the limit', async () => {
    const { clock, recorder, far } = await connected()
    far.send(new Uint8Array(128 * 1024 + 1))
    const [code] = await once(far, 'close')
    expect(code).toBe(1009)
    await clock.advance(2_000)
    await recorder.closed()
    expect(recorder.received).toBe(0)
    expect(recorder.error).toMatchObject({ code: 'limit-exceeded' })
  })

  test('that the far side closes with a code of its own tells it', async () => {
    const { recorder, far } = await connected()
    far.close(1013, 'try again later')
    await recorder.closed()
    expect(recorder.error?.message).toMatch(/1013 try again later/)
  })

  test('whose far side never takes what is left, and never closes, is given up in time', async () => {
    const { clock, transport, recorder, far } = await connected()
    far.pause()
    while (transport.bufferedBytes < 1_000_000) {
      transport.write(new Uint8Array(65_536))
      await settle()
    }
    transport.close()
    await clock.advance(31_000)
    await recorder.closed()
    expect(recorder.error?.message).toMatch(/closed with \d+ bytes that were not taken/)
  })
})
