import { describe, expect, it } from 'vitest'
import { Network, type Node, settle } from './network.ts'

const PEER = 'msrps://peer.invalid:9000/peer;tcp'

/** So many URIs; the first is the peer's. */
const uris = (count: number): string[] => [
  PEER,
  ...Array.from({ length: count - 1 }, (_, at) => `msrps://r:1/${at};tcp`),
]

async function setUp(): Promise<{ bob: Node; peer: Node; path: string[] }> {
  const network = new Network()
  const bob = await network.client('bob')
  bob.answers = true
  return { bob, peer: network.connect({ uri: PEER }), path: bob.path }
}

const send = (peer: Node, toPath: string[], fromPath: string[]): string =>
  peer.request('SEND', { toPath, fromPath, body: 'hello', fields: [['Message-ID', 'message1']] })

describe('what grows on its way through', () => {
  it('is refused when the next hop would have to take it for a breach of its limits', async () => {
    const { bob, peer, path } = await setUp()
    const sent = send(peer, path, uris(16))
    expect((await peer.response(sent)).head.status).toBe(400)
    expect([bob.requests.length, bob.closed]).toEqual([0, false])
  })

  it('passes when it just fits', async () => {
    const { bob, peer, path } = await setUp()
    const sent = send(peer, path, uris(15))
    expect((await peer.response(sent)).head.status).toBe(200)
    expect(bob.requests[0]?.head.fields.fromPath).toHaveLength(16)
  })

  it.each([
    [8150, 400],
    [7900, 200],
  ])('a From-Path of %i bytes is answered %i', async (size, status) => {
    const { bob, peer, path } = await setUp()
    const parameter = (length: number): string => `;x=${'y'.repeat(length - 3)}`
    const sent = send(peer, path, [`${PEER}${parameter(size - PEER.length)}`])
    expect((await peer.response(sent)).head.status).toBe(status)
    expect([bob.requests.length, bob.closed]).toEqual([status === 200 ? 1 : 0, false])
  })

  it('a header block at the limit does not get our id and range on top', async () => {
    const { bob, peer, path } = await setUp()
    const begin = `MSRP abc1 SEND\r\nTo-Path: ${path.join(' ')}\r\nFrom-Path: ${PEER}\r\nMessage-ID: message1\r\n`
    const fields = `${begin}X: ${'x'.repeat(8000)}\r\nContent-Type: text/plain\r\nX: `
    const room = 16384 - Buffer.byteLength(`${fields}\r\n\r\n`)
    peer.write(`${fields}${'x'.repeat(room)}\r\n\r\nhello\r\n-------abc1$\r\n`)
    expect((await peer.response('abc1')).head.status).toBe(400)
    expect([bob.requests.length, bob.closed, peer.closed]).toEqual([0, false, false])
  })

  it('a response is dropped rather than made longer than its receiver takes', async () => {
    const { bob, peer, path } = await setUp()
    const sent = peer.request('NICKNAME', { toPath: path, fields: [['Use-Nickname', '"Ally"']] })
    await settle()
    const { transactionId, fields } = bob.requests[0]!.head
    bob.write(
      `MSRP ${transactionId} 200 OK\r\nTo-Path: ${fields.fromPath.join(' ')}\r\nFrom-Path: ${[bob.uri, ...uris(15)].join(' ')}\r\n` +
        `-------${transactionId}$\r\n`,
    )
    await settle()
    expect([peer.statuses(sent), peer.closed, bob.closed]).toEqual([[], false, false])
  })

  it('the words of a refusal are cut', async () => {
    const { bob, peer, path } = await setUp()
    bob.answers = false
    const sent = peer.send(path, 'hello')
    await peer.response(sent)
    const { transactionId, fields } = bob.requests[0]!.head
    const comment = Buffer.alloc(8000, 0xff)
    bob.write(
      Buffer.concat([
        Buffer.from(`MSRP ${transactionId} 413 `),
        comment,
        Buffer.from(`\r\nTo-Path: ${fields.fromPath[0]}\r\nFrom-Path: ${bob.uri}\r\n-------${transactionId}$\r\n`),
      ]),
    )
    await settle()
    expect([peer.reports, peer.closed, bob.closed]).toEqual([['413 1-5/5'], false, false])
    expect(peer.requests[0]?.head.fields.status?.comment).toHaveLength(200)
  })
})
