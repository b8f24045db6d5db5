import { describe, expect, test } from 'vitest'
import { buildCpim, cpimVerdict, openCpim } from '../../src/cpim/index.ts'
import { Arriving } from '../mime/arriving.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const parties = { from: 'sip:alice@example.com', to: 'sip:bob@example.com' }

/** A message/cpim that comes in pieces of a size. */
const arriving = (body: Uint8Array, pieceSize: number, contentType = 'message/cpim'): Arriving =>
  new Arriving({ contentType, body }, pieceSize)

describe('A received message/cpim is opened', () => {
  test.each([1, 7, 100_000])('whatever the size of the pieces: %i', async (size) => {
    const content = Uint8Array.from({ length: 3000 }, (_, index) => index)
    const opened = await openCpim(arriving(buildCpim(parties, content), size))
    expect(opened.head.from?.uri).toBe(parties.from)
    expect(await opened.bytes()).toEqual(content)
    const { head, text } = await openCpim(arriving(buildCpim(parties, 'Grüße'), size, 'Message/CPIM; x=y'))
    expect(head.contentType).toBe('text/plain;charset=utf-8')
    expect(await text()).toBe('Grüße')
  })

  test.each([
    ['base64', '!'],
    ['quoted-printable', '=\n'],
  ])('and %s that becomes nothing is not taken for ever', async (encoding, nothing) => {
    const head = encode(`From: <im:a@x.org>\r\n\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`)
    const source = arriving(Buffer.concat([head, encode(nothing.repeat(100_000))]), 1000)
    const opened = await openCpim(source, { contentBytes: 1000 })
    await expect(opened.bytes()).rejects.toMatchObject({ code: 'too-large', status: 413 })
    expect([source.refused?.[0], source.pulled < 75]).toEqual([413, true])
  })

  test('with an empty content', async () => {
    const bytes = encode('From: <im:a@x.org>\r\n\r\nContent-Type: text/plain\r\n')
    expect(await (await openCpim(arriving(bytes, 10))).text()).toBe('')
    expect(await (await openCpim(arriving(buildCpim(parties, ''), 10))).text()).toBe('')
  })

  test('and its content is fetched as it is read, not before, and can be given up', async () => {
    const source = arriving(buildCpim(parties, new Uint8Array(1_000_000)), 1000)
    const reader = (await openCpim(source)).stream().getReader()
    await reader.read()
    await reader.read()
    expect(source.pulled).toBeLessThan(4)
    await reader.cancel()
    expect(source.cancelled).toBe(true)
    expect(source.refused).toBeUndefined()
  })

  test.each([1, 9, 100_000])(
    'and can be passed on whole, byte for byte, by pieces of %i (RFC3862-2.2-1, RFC3862-6-1)',
    async (size) => {
      const bytes = encode('X:  a \nFrom:<im:a@x.org>\r\n\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVs\r\nbG8=\0')
      const opened = await openCpim(arriving(bytes, size))
      expect(opened.head.from?.uri).toBe('im:a@x.org')
      expect(new Uint8Array(await new Response(opened.whole()).arrayBuffer())).toEqual(bytes)
    },
  )

  test('with its transfer encoding undone but in raw, however it comes', async () => {
    const bytes = encode('To: <im:a@x.org>\r\n\r\nContent-Transfer-Encoding: base64\r\n\r\nR3LDvMOf\r\nZQ==')
    for (const size of [1, 5, 1000]) {
      expect(await (await openCpim(arriving(bytes, size))).text()).toBe('Grüße')
      expect(await new Response((await openCpim(arriving(bytes, size))).stream()).text()).toBe('Grüße')
      expect(await new Response((await openCpim(arriving(bytes, size))).raw()).text()).toBe('R3LDvMOf\r\nZQ==')
    }
  })

  test('once', async () => {
    const opened = await openCpim(arriving(buildCpim(parties, 'x'), 10))
    await opened.text()
    await expect(opened.bytes()).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  test('and read as bytes where its charset is not known', async () => {
    const opened = await openCpim(
      arriving(buildCpim({ ...parties, contentType: 'text/plain;charset=klingon' }, 'x'), 10),
    )
    await expect(opened.text()).rejects.toMatchObject({ code: 'not-understood' })
    expect(await opened.bytes()).toEqual(encode('x'))
  })

  test('and refused with 413 as soon as the content is larger than what is taken into memory', async () => {
    const source = arriving(buildCpim(parties, new Uint8Array(100_000)), 1000)
    const { bytes } = await openCpim(source, { contentBytes: 5_000 })
    await expect(bytes()).rejects.toMatchObject({ code: 'too-large', status: 413 })
    expect(source.refused?.[0]).toBe(413)
    expect([source.cancelled, source.pulled < 10]).toEqual([true, true])
  })

  test('and waited for no longer than the caller wants, as long as its head is not here (413)', async () => {
    const half = buildCpim(parties, 'x').slice(0, 20)
    const stalled = arriving(half, 20)
    const { contentType } = stalled
    const endless = (): ReadableStream<Uint8Array> =>
      new ReadableStream({
        start: (controller) => controller.enqueue(half),
        cancel: () => {
          stalled.cancelled = true
        },
      })
    const refuse = (status: number): void => stalled.refuse(status)
    const giveUp = new AbortController()
    const opening = openCpim({ contentType, stream: endless, refuse }, { signal: giveUp.signal })
    giveUp.abort('too slow')
    await expect(opening).rejects.toMatchObject({ code: 'aborted', status: 413, cause: 'too slow' })
    expect([stalled.refused?.[0], stalled.cancelled]).toEqual([413, true])
    // Nor when it was given up before.
    await expect(
      openCpim(arriving(buildCpim(parties, 'x'), 20), { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'aborted' })
    // The content is not meant.
    const later = new AbortController()
    const opened = await openCpim(arriving(buildCpim(parties, 'x'.repeat(1000)), 100), { signal: later.signal })
    later.abort()
    expect(await opened.text()).toHaveLength(1000)
  })

  test('not when it lies in too many others', async () => {
    let bytes = encode('deep')
    for (let depth = 0; depth < 9; depth++)
      bytes = buildCpim({ ...parties, contentType: depth ? 'message/cpim' : 'text/plain' }, bytes)
    const open = async (message: Parameters<typeof openCpim>[0]): Promise<void> => open(await openCpim(message))
    await expect(open(arriving(bytes, 5_000))).rejects.toMatchObject({ code: 'limit-exceeded' })
  })

  test('not when it is something else', async () => {
    const source = arriving(encode('Hello'), 10, 'text/plain')
    await expect(openCpim(source)).rejects.toMatchObject({ code: 'type-not-accepted' })
    expect(source.pulled).toBe(0)
  })
})

describe('A message/cpim is refused with 400', () => {
  const required = buildCpim({ ...parties, namespaces: { x: 'urn:x:y' }, require: ['x.Vital'] }, 'z')

  test('when it requires what is not understood (RFC4975-13-7, RFC3862-3.5-1)', async () => {
    const source = arriving(required, 50)
    await expect(openCpim(source)).rejects.toMatchObject({
      code: 'not-understood',
      status: 400,
      message: expect.stringContaining('urn:x:y Vital'),
    })
    expect(source.refused).toEqual([400, expect.stringContaining('Vital')])
    expect(source.cancelled).toBe(true)
    const understands = ({ namespace, name }: { namespace: string | undefined; name: string }): boolean =>
      namespace === 'urn:x:y' && name === 'Vital'
    expect(await (await openCpim(arriving(required, 50), { understands })).text()).toBe('z')
  })

  test('when it cannot be read, or its headers have no end', async () => {
    const source = arriving(encode('what is this\r\n'), 50)
    await expect(openCpim(source)).rejects.toMatchObject({ code: 'malformed' })
    expect(source.refused?.[0]).toBe(400)
    const long = arriving(encode(`X: ${'y'.repeat(5000)}\r\n`), 100)
    await expect(openCpim(long, { headBytes: 1000 })).rejects.toMatchObject({ code: 'limit-exceeded' })
    expect(long.refused?.[0]).toBe(400)
    expect(long.pulled).toBeLessThan(15)
  })

  test('before it is answered, as the application is asked (RFC4975-13-7)', () => {
    const request = { contentType: 'message/cpim' }
    const verdict = { status: 400, comment: expect.stringContaining('Vital') }
    expect(cpimVerdict(request, required)).toEqual(verdict)
    expect(cpimVerdict(request, required, { understands: () => true })).toBe('accept')
    expect(cpimVerdict(request, encode('what is this\r\n'))).toMatchObject({ status: 400 })
    expect(cpimVerdict(request, required.slice(0, 60))).toBe('accept')
    expect(cpimVerdict({ contentType: 'text/plain' }, encode('what is this\r\n'))).toBe('accept')
  })

  test('but not when the message itself fails', async () => {
    const broken = {
      contentType: 'message/cpim',
      stream: () => new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error('lost')) }),
    }
    await expect(openCpim(broken)).rejects.toThrow('lost')
  })
})
