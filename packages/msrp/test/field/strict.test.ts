import { describe, expect, test } from 'vitest'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import { challenge, granted, isRight, RELAY, register, ScriptedRelay, token } from '../relay-client/scripted-relay.ts'
import { MemoryPlatform } from '../session/memory-platform.ts'
import { type RawPeer, type Seen, settled } from '../session/raw-peer.ts'
import { active, dialledPeer, nextMessage, PEER, passive, pattern } from '../session/stage.ts'
import { noteWrites } from '../session/written.ts'

/** Answers everything, until nothing more comes. */
async function allSends(peer: RawPeer): Promise<Seen[]> {
  const sends: Seen[] = []
  for (;;) {
    const seen = (await peer.all()).filter(({ method }) => method === 'SEND')
    if (seen.length === 0) return sends
    for (const chunk of seen) peer.respond(chunk)
    sends.push(...seen)
  }
}

const ENDING = /-------[a-z2-7]{16}[$+#]\r\n/g

describe('What the endpoint sends', () => {
  test('begins with a SEND without body, 1-0/0, before whatever the application has to say (FIELD-strict-1)', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const connecting = endpoint.connect({ path: PEER })
    const sending = connecting.then((session) => session.send('hello'))
    const peer = await dialledPeer(platform)
    const [bind, ...more] = await peer.all()
    expect(bind).toMatchObject({ method: 'SEND', hasBody: false })
    expect(bind!.field('Byte-Range')).toBe('1-0/0')
    expect(more).toEqual([])
    peer.respond(bind!)
    await sending
    expect((await peer.request('SEND')).text).toBe('hello')
    await endpoint.close()
  })

  test('has its header fields in the case and order of the RFC, Content-Type last (FIELD-strict-2)', async () => {
    const { session, peer } = await active()
    session.send('hello', {
      fileName: 'a.txt',
      fields: [
        ['content-id', '<a@b>'],
        ['X-Own', '1'],
      ],
    })
    const names = (await peer.request('SEND')).fieldNames
    expect(names.filter((name) => name !== 'X-Own')).toEqual([
      'To-Path',
      'From-Path',
      'Message-ID',
      'Success-Report',
      'Failure-Report',
      'Byte-Range',
      'Content-ID',
      'Content-Disposition',
      'Content-Type',
    ])
    expect(names.indexOf('X-Own')).toBeGreaterThan(names.indexOf('From-Path'))
  })

  test('says on every SEND which reports it wants, and on no REPORT (FIELD-strict-3)', async () => {
    const { session, peer } = await active()
    session.send(pattern(9000), { chunkSize: 2048 })
    session.send('', { successReport: false, failureReport: 'no' })
    const sends = await allSends(peer)
    expect(sends).toHaveLength(6)
    for (const chunk of sends) {
      expect(chunk.field('Success-Report')).toMatch(/^(yes|no)$/)
      expect(chunk.field('Failure-Report')).toMatch(/^(yes|no|partial)$/)
    }
    const other = await passive()
    other.peer.send({ body: 'hello', success: 'yes' })
    await (await nextMessage(other.session)).text()
    const report = await other.peer.request('REPORT')
    expect(report.fieldNames.filter((name) => /-Report$/i.test(name))).toEqual([])
  })

  test('has a Message-ID and a Byte-Range in every SEND, without which the AG relay takes none (FIELD-strict-11)', async () => {
    const { session, peer, platform } = await active({ keepAlive: 1000 })
    session.send(pattern(9000), { chunkSize: 2048 })
    session.send('')
    session.send(new Blob(['text']))
    const sends = await allSends(peer)
    await platform.clock.advance(1000)
    sends.push(...(await allSends(peer)))
    expect(sends.filter(({ hasBody }) => !hasBody)).toHaveLength(1)
    for (const chunk of sends) {
      expect(chunk.field('Message-ID')).toMatch(/^[a-z2-7]{26}$/)
      expect(chunk.field('Byte-Range')).toMatch(/^\d+-(\d+|\*)\/\d+$/)
    }
    await session.close()
  })

  test('has ids of 16 to 32 characters with 64 random bits or more, none of them twice (FIELD-strict-4, RFC4975-7.1-2)', async () => {
    const { session, peer } = await active()
    const ids: string[] = []
    for (let count = 0; count < 500; count++) {
      session.send('x', { successReport: false })
      const chunk = await peer.request('SEND')
      peer.respond(chunk)
      ids.push(chunk.transactionId, chunk.field('Message-ID')!)
    }
    expect(new Set(ids).size).toBe(1000)
    for (const id of ids) expect(id).toMatch(/^[a-z2-7]{16,32}$/)
    // Each of the first 13 characters takes all of its 32 values: 5 bits each.
    for (let place = 0; place < 13; place++) expect(new Set(ids.map((id) => id[place])).size).toBe(32)
  })

  test('says how large the message is, where that is known (FIELD-strict-5)', async () => {
    const { session, peer } = await active()
    const stream = (): ReadableStream<Uint8Array> => new Blob(['x'.repeat(10)]).stream()
    for (const body of ['hello', new Blob(['hello']), pattern(5000), stream()]) session.send(body)
    const ranges = (await allSends(peer)).map((chunk) => chunk.field('Byte-Range'))
    expect(ranges.toSorted()).toEqual(['1-*/*', '1-*/5000', '1-5/5', '1-5/5'])
  })

  test('has a Content-Disposition on each chunk of what may go in several (FIELD-strict-6)', async () => {
    const { session, peer } = await active()
    const dispositions = async (): Promise<(string | undefined)[]> =>
      (await allSends(peer)).map((chunk) => chunk.field('Content-Disposition'))
    session.send(pattern(5000), { chunkSize: 2048 })
    expect(await dispositions()).toEqual(['render', 'render', 'render'])
    session.send(pattern(3000), { chunkSize: 2048, fileName: 'a b' })
    expect(await dispositions()).toEqual(Array(2).fill('attachment; filename="a b"'))
    session.send(pattern(3000), { chunkSize: 2048, fields: [['content-disposition', 'icon']] })
    expect(await dispositions()).toEqual(['icon', 'icon'])
    session.send('short')
    expect(await dispositions()).toEqual([undefined])
  })

  test('has each end-line in one write (FIELD-strict-7)', async () => {
    let writes: Buffer[] = []
    const { session, peer } = await active({}, (platform) => {
      writes = noteWrites(platform)
    })
    session.send('hello')
    session.send(pattern(300_000), { chunkSize: 5000 })
    const interrupted = session.send(pattern(200_000))
    session.send('in between')
    await settled()
    interrupted.abort()
    await allSends(peer)
    const inOne = writes.flatMap((bytes) => bytes.toString('latin1').match(ENDING) ?? [])
    const inAll = Buffer.concat(writes).toString('latin1').match(ENDING)
    expect(inAll!.length).toBeGreaterThan(60)
    expect(inOne).toEqual(inAll)
  })
})

describe('Credentials that the client sends', () => {
  test('echo opaque, and have a comma and a blank between their parameters (FIELD-strict-9, FIELD-strict-12)', async () => {
    const relay = new ScriptedRelay((auth) =>
      auth.authorization === undefined
        ? challenge('Digest realm="relay.example.com", qop="auth", nonce="n", opaque="o p,a=q"')
        : granted(token('t')),
    )
    const registration = await register(relay)
    expect(relay.last.authorization?.opaque).toBe('o p,a=q')
    const value = /^Authorization: Digest (.*)\r$/m.exec(relay.last.text)![1]!
    expect(value).toMatch(/^(\w+=("[^"]*"|[\w-]+)(, (?!$)|$))+$/)
    registration.stop()
  })

  test('are computed over the rightmost URI of To-Path byte for byte as it is sent (FIELD-strict-10)', async () => {
    const relay = new ScriptedRelay((auth) =>
      auth.authorization === undefined ? challenge() : isRight(auth) ? granted(token('t')) : challenge(),
    )
    const { MsrpUri } = await import('../../src/wire/index.ts')
    for (const written of [
      String(RELAY),
      'msrps://Relay.Example.COM:2855;tcp',
      'msrps://u@relay.example.com:2855;TCP;x',
    ]) {
      const registration = await register(relay, { relays: [MsrpUri.parse(written)] })
      expect(relay.last.toPath).toBe(written)
      expect(relay.last.authorization?.uri).toBe(written)
      registration.stop()
    }
  })

  test('go out under ;tcp in small letters, which is all that the AG relay reads (FIELD-strict-12)', async () => {
    const { session } = await active()
    expect(session.localPath).toMatch(/^msrp:\/\/[^A-Z]*;tcp$/)
  })
})
