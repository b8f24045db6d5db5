import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type WebSocket as FarSide, WebSocketServer } from 'ws'
import { BrowserWebSocket } from '../../src/browser/browser-web-socket.ts'
import { Recorder } from '../transport/recorder.ts'

// Over the WebSocket that Node has in common with browsers.

async function connected(): Promise<{ transport: BrowserWebSocket; far: FarSide }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const webSocket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, 'msrp')
  webSocket.binaryType = 'arraybuffer'
  const [[far]] = await Promise.all([once(server, 'connection'), once(webSocket, 'open')])
  onTestFinished(() => {
    far.terminate()
    server.close()
  })
  return { transport: new BrowserWebSocket(webSocket, false), far }
}

describe('a WebSocket of a browser', () => {
  test('takes text for bytes', async () => {
    const { transport, far } = await connected()
    const recorder = Recorder.on(transport)
    far.send('Grüße')
    await recorder.until(() => recorder.received === 7)
    expect(Buffer.concat(recorder.pieces).toString()).toBe('Grüße')
  })

  test('keeps what arrives while it is not read, up to 8 MiB, and is given up then', async () => {
    const { transport, far } = await connected()
    const recorder = Recorder.on(transport, false)
    transport.pause()
    // Each counts for a little more than its bytes.
    const messages = 8 * 16 - 1
    for (let message = 0; message < messages; message++) far.send(new Uint8Array(64 * 1024))
    far.ping()
    await once(far, 'pong')
    transport.resume()
    await recorder.until(() => recorder.received === messages * 64 * 1024)
    expect(recorder.closes).toBe(0)
    transport.pause()
    for (let message = 0; message <= messages; message++) far.send(new Uint8Array(64 * 1024))
    await recorder.closed()
    expect(recorder.error).toMatchObject({ code: 'limit-exceeded' })
    expect(recorder.received).toBe(messages * 64 * 1024)
  })

  test('counts what a message costs beside its bytes, and keeps none that is empty', async () => {
    const { transport, far } = await connected()
    const recorder = Recorder.on(transport)
    transport.pause()
    // As bytes alone they would be far below 8 MiB.
    for (let message = 0; message < 80_000; message++) far.send('')
    for (let message = 0; message < 50_000; message++) far.send('x')
    far.ping()
    await once(far, 'pong')
    transport.resume()
    await recorder.until(() => recorder.received === 50_000)
    expect(recorder.events).toHaveLength(50_000)
    transport.pause()
    for (let message = 0; message < 70_000; message++) far.send('x')
    await recorder.closed()
    expect(recorder.error).toMatchObject({ code: 'limit-exceeded' })
  })

  test('hands on what came before its end, and then the end', async () => {
    const { transport, far } = await connected()
    const recorder = Recorder.on(transport)
    transport.pause()
    far.send('last words')
    far.close(1011, 'broken')
    await once(far, 'close')
    expect(recorder.events).toEqual([])
    transport.resume()
    await recorder.closed()
    expect(recorder.events).toEqual(['data', 'close'])
    expect(recorder.error?.message).toMatch(/closed with 1011 broken/)
  })
})
