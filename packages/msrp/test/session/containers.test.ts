import { describe, expect, test } from 'vitest'
import { active, both, nextMessage, passive } from './stage.ts'

describe('Types that every endpoint receives, whatever the application lists:', () => {
  test.each(['multipart/mixed; boundary=x', 'multipart/alternative; boundary=x'])('%s (RFC4975-7.3.1-8)', (type) =>
    isTaken(type),
  )

  test('Multipart/Signed; boundary=x (RFC4975-14.3-1)', () => isTaken('Multipart/Signed; boundary=x'))

  test('message/cpim (RFC4975-13-5)', () => isTaken('message/cpim'))

  test('others get 415', async () => {
    const { peer } = await passive({ acceptTypes: ['text/plain'] })
    const id = peer.send({ type: 'multipart/related; boundary=x', body: '--x--', failure: 'yes' })
    expect((await peer.response(id)).status).toBe(415)
  })

  async function isTaken(type: string): Promise<void> {
    const { peer, session } = await passive({ acceptTypes: ['text/plain'] })
    const body = '--x\r\nContent-Type: text/plain\r\n\r\nHello\r\n--x--\r\n'
    const id = peer.send({ type, body, failure: 'yes' })
    expect((await peer.response(id)).status).toBe(200)
    const message = await nextMessage(session)
    expect(message.contentType).toBe(type)
    expect(await message.text()).toBe(body)
  }
})

describe('Bodies travel as they are, in binary (RFC4975-14.3-2):', () => {
  const body = new Uint8Array([
    ...Uint8Array.from({ length: 256 }, (_, index) => index),
    ...new TextEncoder().encode('\r\n\0\r\n.\r\n-------x$\r\n'),
  ])

  test.each(['multipart/signed; boundary=x', 'application/pkcs7-mime', 'text/plain'])('%s', async (contentType) => {
    const { session, peer } = await active()
    session.send(body, { contentType })
    const request = await peer.request('SEND')
    expect(request.body).toEqual(body)
    expect(request.fieldNames.map((name) => name.toLowerCase())).not.toContain('content-transfer-encoding')
    const { sender, receiver, close } = await both()
    const sent = sender.send(body, { contentType })
    expect(await (await nextMessage(receiver)).bytes()).toEqual(body)
    await sent.delivered
    await close()
  })

  test('S/MIME announces its size in each chunk, so it has one (RFC 8591 §8.2)', async () => {
    const { session, peer } = await active({ chunkSize: 2048 })
    const contentType = 'application/pkcs7-mime; smime-type=signed-data'
    session.send({ stream: new Blob([new Uint8Array(5_000)]).stream(), size: 5_000 }, { contentType })
    for (const start of [1, 2049, 4097]) {
      const chunk = await peer.request('SEND')
      expect(chunk.field('Byte-Range')).toMatch(new RegExp(`^${start}-(?:\\*|\\d+)/5000$`))
      peer.respond(chunk)
    }
    const wrapped = { contentType: 'message/cpim', wrappedTypes: [contentType] }
    for (const options of [{ contentType }, wrapped]) {
      expect(() => session.send([new Uint8Array(5_000)], options)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('unknown size') }),
      )
    }
  })

  test('a transfer encoding cannot be asked for', async () => {
    const { session } = await active()
    const send = (value: string): unknown => session.send('x', { fields: [['content-transfer-encoding', value]] })
    expect(() => send('base64')).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    expect(() => send('binary')).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})
