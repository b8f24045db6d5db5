import { beforeAll, describe, expect, test } from 'vitest'
import type { Arrived, RawClient } from './support/raw-client.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { Trap } from './support/trap.ts'

// Whom a relay connects to: only whom a message of a token's holder names, and only where the settings allow it.

/** Loopback is allowed here, as on a relay that serves its own machine alone: so a trap could be reached. */
let open: TestRelay
/** As a relay with a public address is by default. */
let guarded: TestRelay

beforeAll(async () => {
  const [first, second] = await Promise.all([
    startRelay({ lifetime: 'file' }),
    startRelay({ lifetime: 'file', settings: { outbound: { allow_loopback: false } } }),
  ])
  open = first
  guarded = second
})

describe('a peer cannot make the relay connect (FIELD-relay-5)', () => {
  test('by its From-Path, when the holder reports to it while it is there', async () => {
    const trap = await Trap.listen()
    const alice = await open.login(open.alice)
    const peer = await open.connect({ uri: trap.uri })
    const sent = peer.send(alice.path, 'hello', { fields: [['Success-Report', 'yes']] })
    expect((await peer.response(sent)).head.status).toBe(200)
    const message = await alice.nextRequest()
    alice.respond(message)
    reportSuccess(alice, message)
    const report = await peer.nextRequest()
    expect(report.head.method).toBe('REPORT')
    expect(await trap.connections()).toBe(0)
  })

  test('by its From-Path, when it is gone before the holder reports', async () => {
    const trap = await Trap.listen()
    const alice = await open.login(open.alice)
    const peer = await open.connect({ uri: trap.uri })
    peer.send(alice.path, 'hello', { fields: [['Success-Report', 'yes']] })
    const message = await alice.nextRequest()
    peer.destroy()
    await open.settle(alice)
    reportSuccess(alice, message)
    alice.respond(message)
    await open.settle(alice)
    expect(await trap.connections()).toBe(0)
  })

  test('by naming somebody behind a token that it does not hold', async () => {
    const trap = await Trap.listen()
    const alice = await open.login(open.alice)
    const peer = await open.connect()
    peer.send([alice.token, trap.uri], 'hello')
    const misled = await alice.nextRequest()
    expect(String(misled.head.fields.toPath[0])).toBe(trap.uri)
    await open.settle(alice)
    expect(await trap.connections()).toBe(0)
  })

  test.each(['REPORT', 'NICKNAME', 'PING'])('by %s behind a token that it does not hold', async (method) => {
    const trap = await Trap.listen()
    const alice = await open.login(open.alice)
    const peer = await open.connect()
    peer.request(method, { toPath: [alice.token, trap.uri], fields: reportFields })
    await open.settle(alice)
    expect(await trap.connections()).toBe(0)
  })
})

describe('a holder', () => {
  test('reaches a peer on the same machine where the settings allow it', async () => {
    const trap = await Trap.listen()
    const alice = await open.login(open.alice)
    alice.send([alice.token, trap.uri], 'hello')
    await trap.sprung()
    expect(await trap.connections()).toBe(1)
  })

  test.each(['REPORT', 'NICKNAME', 'PING'])('has no connection made by %s', async (method) => {
    const trap = await Trap.listen()
    const alice = await open.login(open.alice)
    alice.request(method, { toPath: [alice.token, trap.uri], fields: reportFields })
    await open.settle(alice)
    expect(await trap.connections()).toBe(0)
  })

  test.each([
    ['loopback', (port: number) => `127.0.0.1:${port}`],
    ['loopback as a name', (port: number) => `localhost:${port}`],
    ['loopback as a name below localhost', (port: number) => `www.localhost:${port}`],
    ['another address of the loopback network', (port: number) => `127.8.8.8:${port}`],
    ['loopback of IPv6', (port: number) => `[::1]:${port}`],
    ['loopback inside IPv6', (port: number) => `[::ffff:127.0.0.1]:${port}`],
    ['loopback inside IPv6 in hexadecimal', (port: number) => `[::ffff:7f00:1]:${port}`],
    ['loopback behind NAT64', (port: number) => `[64:ff9b::7f00:1]:${port}`],
    ['the unspecified address', (port: number) => `0.0.0.0:${port}`],
    ['the unspecified address of IPv6', (port: number) => `[::]:${port}`],
    ['a link-local address', () => '169.254.10.1:2855'],
    ['a link-local address of IPv6', () => '[fe80::1]:2855'],
    ['the metadata service of a cloud', () => '169.254.169.254:80'],
    ['the metadata service inside IPv6', () => '[::ffff:a9fe:a9fe]:80'],
    ['the metadata service of IPv6', () => '[fd00:ec2::254]:80'],
    ['multicast', () => '224.0.0.1:2855'],
    ['broadcast', () => '255.255.255.255:2855'],
    ['a private network', () => '10.0.0.1:2855'],
  ])('is refused with 403: %s', async (_, authority) => {
    const trap = await Trap.listen()
    const alice = await guarded.login(guarded.alice)
    const target = `msrps://${authority(trap.port)}/peer;tcp`
    const sent = alice.send([alice.token, target], 'hello', { fields: [['Message-ID', 'message1']] })
    expect(await alice.failure(sent, 'message1')).toBe(403)
    expect(await trap.connections()).toBe(0)
  })

  test('is told once, in the response while the message still arrives', async () => {
    const alice = await guarded.login(guarded.alice)
    const transactionId = 'halfachunk123456'
    const toPath = [alice.token, 'msrps://127.0.0.1:9/peer;tcp']
    const fields = [
      ['Message-ID', 'message1'],
      ['Byte-Range', '1-*/100000'],
    ] as const
    alice.write(alice.head('SEND', { transactionId, toPath, fields, body: '' }))
    alice.write('x'.repeat(10_000))
    expect((await alice.response(transactionId)).head.status).toBe(403)
    alice.write(`\r\n-------${transactionId}$\r\n`)
    await guarded.settle(alice)
    expect(alice.requests).toEqual([])
    expect(alice.responses.filter(({ head }) => head.transactionId === transactionId)).toHaveLength(1)
  })

  test('is not told when the message asked not to be', async () => {
    const alice = await guarded.login(guarded.alice)
    alice.send([alice.token, 'msrps://127.0.0.1:9/peer;tcp'], 'hello', { fields: [['Failure-Report', 'no']] })
    await guarded.settle(alice)
    await guarded.settle(alice)
    expect(alice.requests).toEqual([])
  })

  // The relay's own URIs are looked up, never dialled; other spellings of its address are found out after DNS.
  test.each([
    ['by its name', (port: number) => `localhost:${port}`, 481],
    ['by its address', (port: number) => `127.0.0.1:${port}`, 481],
    ['by a shorter spelling of its address', (port: number) => `127.1:${port}`, 403],
    ['by its address as one number', (port: number) => `2130706433:${port}`, 403],
    ['by the unspecified address', (port: number) => `0.0.0.0:${port}`, 403],
    ['by its address inside IPv6', (port: number) => `[::ffff:127.0.0.1]:${port}`, 403],
  ])('cannot have the relay connect to itself, %s', async (_, authority, status) => {
    const alice = await open.login(open.alice)
    const target = `msrps://${authority(open.port)}/peer;tcp`
    const sent = alice.send([alice.token, target], 'hello', { fields: [['Message-ID', 'message1']] })
    expect(await alice.failure(sent, 'message1')).toBe(status)
  })

  test('has no connection made without TLS', async () => {
    const trap = await Trap.listen()
    const alice = await open.login(open.alice)
    const sent = alice.send([alice.token, `msrp://127.0.0.1:${trap.port}/peer;tcp`], 'hello', {
      fields: [['Message-ID', 'message1']],
    })
    expect(await alice.failure(sent, 'message1')).toBe(403)
    expect(await trap.connections()).toBe(0)
  })
})

describe('an AUTH that is to go on to another relay', () => {
  test('is not forwarded without a token', async () => {
    const trap = await Trap.listen()
    const nobody = await open.connect()
    const auth = nobody.request('AUTH', { toPath: [open.uri, trap.uri] })
    const { head } = await nobody.response(auth)
    expect(head.status).toBe(481)
    expect(await trap.connections()).toBe(0)
  })

  test('is not forwarded without a token, though its sender holds one', async () => {
    const trap = await Trap.listen()
    const alice = await open.login(open.alice)
    const auth = alice.request('AUTH', { toPath: [open.uri, trap.uri] })
    expect((await alice.response(auth)).head.status).toBe(481)
    expect(await trap.connections()).toBe(0)
  })

  test('is not forwarded through an invented token', async () => {
    const trap = await Trap.listen()
    const nobody = await open.connect()
    const invented = `msrps://localhost:${open.port}/${'0'.repeat(22)};tcp`
    const auth = nobody.request('AUTH', { toPath: [invented, trap.uri] })
    expect((await nobody.response(auth)).head.status).toBe(481)
    expect(await trap.connections()).toBe(0)
  })

  test('is not forwarded through the token of somebody else, nor does he hear of it', async () => {
    const trap = await Trap.listen()
    const alice = await open.login(open.alice)
    const bob = await open.login(open.bob)
    const auth = bob.request('AUTH', { toPath: [alice.token, trap.uri] })
    expect((await bob.response(auth)).head.status).toBeOneOf([403, 481])
    await open.settle(alice)
    expect(alice.requests).toEqual([])
    expect(await trap.connections()).toBe(0)
  })

  test('is refused with 403 where the relay may not connect', async () => {
    const trap = await Trap.listen()
    const alice = await guarded.login(guarded.alice)
    const auth = alice.request('AUTH', { toPath: [alice.token, `msrps://localhost:${trap.port};tcp`] })
    expect((await alice.response(auth)).head.status).toBe(403)
    expect(await trap.connections()).toBe(0)
  })

  test('goes there through a token of its sender', async () => {
    const trap = await Trap.listen()
    const alice = await open.login(open.alice)
    alice.request('AUTH', { toPath: [alice.token, `msrps://localhost:${trap.port};tcp`] })
    await trap.sprung()
    expect(await trap.connections()).toBe(1)
  })
})

const reportFields = [
  ['Message-ID', 'message1'],
  ['Byte-Range', '1-5/5'],
  ['Status', '000 200 OK'],
  ['Use-Nickname', '"Ally"'],
] as const

function reportSuccess(holder: RawClient, { head, body }: Arrived): void {
  const { messageId = '', fromPath } = head.fields
  const size = body.byteLength
  holder.request('REPORT', {
    toPath: fromPath.map(String),
    fields: [
      ['Message-ID', messageId],
      ['Byte-Range', `1-${size}/${size}`],
      ['Status', '000 200 OK'],
    ],
  })
}
