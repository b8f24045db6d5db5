import { describe, expect, test } from 'vitest'
import { awkwardBodies, awkwardIds } from '../wire/awkward-bodies.ts'
import { type Seen, settled, describe as short } from './raw-peer.ts'
import { active, both, nextMessage, passive, pattern } from './stage.ts'
import { noteWrites } from './written.ts'

// RFC 4975 §7.1, from the bytes that an endpoint writes, and for what its peers write.

interface Written {
  id: string
  method: string
  fields: string[]
  /** Undefined where there is none, which is not an empty one. */
  body: string | undefined
  flag: string
}

const REQUEST = /MSRP (\S+) ([A-Z]+)\r\n((?:[\w-]+: [^\r\n]*\r\n)+)(?:\r\n([\s\S]*?)\r\n)?-------\1([$+#])\r\n/y

/** Requests read without our parser, one right after the other; throws for anything else. Responses are passed over. */
function requestsIn(text: string): Written[] {
  const found: Written[] = []
  const requests = text.replace(/MSRP \S+ \d{3}[\s\S]*?\r\n-------\S+\$\r\n/g, '')
  REQUEST.lastIndex = 0
  while (REQUEST.lastIndex < requests.length) {
    const at = REQUEST.lastIndex
    const match = REQUEST.exec(requests)
    if (match === null) throw new Error(`no request: ${JSON.stringify(requests.slice(at, at + 300))}`)
    const [, id = '', method = '', fields = '', body, flag = ''] = match
    found.push({ id, method, fields: fields.trimEnd().split('\r\n'), body, flag })
  }
  return found
}

/** What an endpoint writes in a session with a bit of everything. */
async function conversation(): Promise<Written[]> {
  let writes: Buffer[] = []
  const { session, peer, platform } = await active({ keepAlive: 1000 }, (memory) => {
    writes = noteWrites(memory)
  })
  peer.onRequest = (request) => {
    if (request.method === 'SEND') peer.respond(request)
  }
  session.send('hello', { fileName: 'a.txt', fields: [['Content-ID', '<a@b>']] })
  session.send('')
  session.send(new Blob([]), { fileName: 'empty' })
  session.send('\r\n')
  session.send(
    pattern(9000).map((byte) => (byte & 0x3f) | 0x40),
    { chunkSize: 2048 },
  )
  await settled()
  peer.send({ messageId: 'toreport', body: 'hello', success: 'yes' })
  await (await nextMessage(session)).text()
  await settled()
  await platform.clock.advance(1000)
  await settled()
  return requestsIn(Buffer.concat(writes).toString('latin1'))
}

describe('A request of an endpoint', () => {
  test('has its body, even an empty one, behind Content-Type, the last field, and an empty line (RFC4975-7.1-3, RFC4975-7.1-4, RFC4975-7.1-5)', async () => {
    const withBody = (await conversation()).filter(({ body }) => body !== undefined)
    expect(withBody.map(({ body }) => body!.length)).toEqual([5, 0, 0, 2, 2048, 2048, 2048, 2048, 808])
    for (const { fields } of withBody) {
      expect(fields.at(-1)).toMatch(/^Content-Type: \w+\/\w+/)
      expect(fields.filter((field) => field.startsWith('Content-Type'))).toHaveLength(1)
    }
  })

  test('without a body has no field that describes one, and ends right after its fields (RFC4975-7.1-7, RFC4975-7.1-8)', async () => {
    const bodiless = (await conversation()).filter(({ body }) => body === undefined)
    expect(bodiless.map(({ method }) => method)).toEqual(['SEND', 'REPORT', 'SEND'])
    for (const { fields } of bodiless) expect(fields.filter((field) => /^(Content|MIME)-/i.test(field))).toEqual([])
  })

  test('other than SEND has no body at all (RFC4975-7.1-6)', async () => {
    const others = (await conversation()).filter(({ method }) => method !== 'SEND')
    expect(others.map(({ method, body }) => [method, body])).toEqual([['REPORT', undefined]])
  })

  test('ends with seven hyphens, its own id and a flag; behind a body there is a CRLF more (RFC4975-7.1-9, RFC4975-7.1-10)', async () => {
    // What does not would not have been read.
    const written = await conversation()
    expect(written.map(({ flag }) => flag).join('')).toBe('$$$$$++++$$$')
    expect(new Set(written.map(({ id }) => id)).size).toBe(written.length)
  })
})

describe('The flag of a chunk', () => {
  test('is $ where the message ends and + before, also when parts of it are sent again after its end (RFC4975-7.1-11, RFC4975-7.1-13)', async () => {
    const { session, peer } = await active()
    session.send(pattern(10_000), { chunkSize: 4096 })
    const chunks = await peer.all()
    expect(chunks.map(short)).toEqual(['SEND 1-*/10000 +', 'SEND 4097-*/10000 +', 'SEND 8193-10000/10000'])
    peer.respond(chunks[0]!, 501, 'Too large')
    expect((await peer.all()).map(short)).toEqual(['SEND 1-2048/10000 +', 'SEND 2049-4096/10000 +'])
  })

  test('is # when no more of the message will come (RFC4975-7.1-12)', async () => {
    const { session, peer } = await active()
    const sent = session.send(
      (async function* () {
        yield pattern(3000)
        await new Promise(() => {})
      })(),
    )
    sent.delivered.catch(() => {})
    await settled()
    sent.abort()
    expect((await peer.all()).map(({ flag }) => flag)).toEqual(['#'])
  })
})

describe('A body that holds its own end-line', () => {
  const own = 'h'.repeat(16)

  test.each([
    ['whole', `before\r\n-------${own}$\r\nMSRP forged123 SEND\r\n`],
    ['without CRLF and flag', `before-------${own}after`],
    ['at its very end', `before\r\n-------${own}$\r\n`],
    ['and nothing else', `-------${own}`],
  ])('goes on in a chunk with another id: %s (RFC4975-7.1-14, RFC4975-7.1-15)', async (_, body) => {
    const draws: number[] = []
    const { session, peer } = await active({}, (platform) => {
      const { random } = platform
      platform.random = (size) => {
        // Sixteen bytes are for a transaction id.
        const draw = size === 16 ? draws.shift() : undefined
        return draw === undefined ? random(size) : new Uint8Array(size).fill(draw)
      }
    })
    // The letter h.
    draws.push(7)
    session.send(body)
    const chunks: Seen[] = []
    while (chunks.at(-1)?.flag !== '$') chunks.push(await peer.request('SEND'))
    expect(chunks.map(({ flag }) => flag)).toEqual(['+', '$'])
    expect(chunks[0]!.transactionId).toBe(own)
    for (const chunk of chunks) expect(chunk.text).not.toContain(`-------${chunk.transactionId}`)
    expect(chunks.map(({ text }) => text).join('')).toBe(body)
    expect(chunks[1]!.field('Byte-Range')).toMatch(new RegExp(`^${chunks[0]!.body.length + 1}-`))
  })

  test('learned while the chunk is open, again and again, goes on in ever new chunks (RFC4975-7.1-14, RFC4975-7.1-15)', async () => {
    const { session, peer } = await active()
    const rounds = 5
    const ids: string[] = []
    session.send(
      (async function* () {
        for (let round = 0; round < rounds; round++) {
          yield 'x'.repeat(3000)
          await settled(2)
          ids.push(await peer.underWay())
          yield `\r\n-------${ids.at(-1)}$\r\n`
        }
      })(),
    )
    const chunks: Seen[] = []
    while (chunks.at(-1)?.flag !== '$') chunks.push(await peer.request('SEND'))
    expect(chunks.map(({ transactionId }) => transactionId).slice(0, rounds)).toEqual(ids)
    expect(chunks).toHaveLength(rounds + 1)
    const expected = ids.map((id) => `${'x'.repeat(3000)}\r\n-------${id}$\r\n`).join('')
    expect(chunks.map(({ text }) => text).join('')).toBe(expected)
  })
})

describe('A body that looks like what is around it', () => {
  test.each(awkwardBodies)(
    'is read as it was sent, whatever the id: %s (RFC4975-7.1-9, RFC4975-7.1-10)',
    async (_, bodyOf) => {
      const { session, peer } = await passive()
      for (const [index, id] of awkwardIds.entries()) {
        const body = bodyOf(id)
        const bytes = peer.bytesOf({ transactionId: id, messageId: `m${index}xx`, body, success: 'yes' })
        for (let at = 0; at < bytes.length; at += 11) peer.write(bytes.subarray(at, at + 11))
        const message = await nextMessage(session)
        expect(message.messageId).toBe(`m${index}xx`)
        expect(await message.text()).toBe(body)
        expect((await peer.response(id)).status).toBe(200)
        expect((await peer.request('REPORT')).field('Byte-Range')).toBe(`1-${body.length}/${body.length}`)
      }
    },
  )

  test.each(awkwardBodies)(
    'gets from one endpoint to another, alone and in a larger one: %s (RFC4975-7.1-14)',
    async (_, bodyOf) => {
      const { sender, receiver, close } = await both()
      const small = bodyOf('abcd')
      for (const body of [small, `${small}${'x'.repeat(5000)}${small}`]) {
        const sent = sender.send(body)
        const message = await nextMessage(receiver)
        expect(await message.text()).toBe(body)
        await sent.delivered
      }
      await close()
    },
  )
})
