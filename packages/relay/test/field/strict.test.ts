import { describe, expect, it } from 'vitest'
import type { MemoryTransport } from '../../../msrp/test/transport/memory-transport.ts'
import { Network, type Node, RELAY, settle } from '../forwarding/network.ts'

const FAR = 'msrps://far.example.net:7000/f;tcp'
const ENDING = /-------[a-z2-7]{16}[$+#]\r\n/g

async function setUp(): Promise<{ network: Network; alice: Node; bob: Node; path: string[] }> {
  const network = new Network()
  const alice = await network.client('alice')
  const bob = await network.client('bob')
  return { network, alice, bob, path: [alice.token, ...bob.path] }
}

/** Notes what the relay writes in one go towards somebody. */
function noteWrites(transport: MemoryTransport): Buffer[] {
  const writes: Buffer[] = []
  const write = transport.write.bind(transport)
  transport.write = (bytes) => {
    writes.push(Buffer.from(bytes))
    write(bytes)
  }
  return writes
}

describe('what a relay writes itself', () => {
  it('has its header fields in the case and order of the RFC (FIELD-strict-2)', async () => {
    const network = new Network()
    const client = network.connect()
    const names = (text: Buffer): string[] => [...text.toString().matchAll(/^([\w-]+): /gm)].map(([, name]) => name!)
    const challenged = await client.challenge()
    expect(names(client.received)).toEqual(['To-Path', 'From-Path', 'WWW-Authenticate'])
    const before = client.received.length
    await client.answer(challenged, 'alice', 'wonderland')
    expect(names(client.received.subarray(before))).toEqual([
      'To-Path',
      'From-Path',
      'Expires',
      'Use-Path',
      'Authentication-Info',
    ])
  })

  it('says no wish for reports on its REPORTs (FIELD-strict-3)', async () => {
    const { alice, path, bob } = await setUp()
    alice.send(path, 'hello', [['Success-Report', 'yes']])
    await settle()
    bob.respond(bob.requests[0], 413)
    await settle()
    const [report] = alice.all('REPORT')
    expect([...report!.head.fields.entries()].map(([name]) => name)).toEqual([
      'To-Path',
      'From-Path',
      'Message-ID',
      'Byte-Range',
      'Status',
    ])
  })

  it('has ids of 16 characters with 80 random bits, none of them twice (FIELD-strict-4, RFC4975-7.1-2)', async () => {
    const { alice, bob, path } = await setUp()
    bob.answers = true
    for (let count = 0; count < 500; count++) alice.send(path, 'x')
    await settle()
    const ids = bob.requests.map(({ head }) => head.transactionId)
    expect(new Set(ids).size).toBe(500)
    for (const id of ids) expect(id).toMatch(/^[a-z2-7]{16}$/)
    for (let place = 0; place < 16; place++) expect(new Set(ids.map((id) => id[place])).size).toBe(32)
  })

  it('has each end-line in one write (FIELD-strict-7)', async () => {
    const { alice, bob, path } = await setUp()
    bob.answers = true
    const writes = noteWrites(bob.pair.right)
    alice.send(path, 'hello')
    for (const size of [2048, 2049, 100_000, 300_000]) {
      alice.send(path, Buffer.alloc(size, '-\r\n'), [['Byte-Range', `1-*/${size}`]])
      alice.send(path, 'in between', [['Message-ID', 'between']])
      await settle()
    }
    const inOne = writes.flatMap((bytes) => bytes.toString('latin1').match(ENDING) ?? [])
    const inAll = Buffer.concat(writes).toString('latin1').match(ENDING)
    expect(inAll!.length).toBeGreaterThan(8)
    expect(inOne).toEqual(inAll)
  })

  it('has Expires on each 200 to AUTH, opaque in each challenge (FIELD-strict-8, FIELD-strict-9)', async () => {
    const network = new Network({ algorithms: ['sha-256', 'md5'] })
    const client = network.connect()
    for (const fields of [[], [['Expires', '600'] as const]]) {
      const challenged = await client.challenge()
      expect(challenged.head.fields.wwwAuthenticate.map(({ opaque }) => opaque)).toEqual(['msrp', 'msrp'])
      const { head } = await client.answer(challenged, 'alice', 'wonderland', { fields })
      expect(head.fields.get('Expires')).toBe(fields[0]?.[1] ?? '900')
      const extended = await client.authenticate('alice', 'wonderland', { toPath: [client.token], fields })
      expect(extended.head.fields.get('Expires')).toBe(fields[0]?.[1] ?? '900')
    }
  })

  it('has a comma and a blank between digest parameters, and ;tcp in small letters (FIELD-strict-12)', async () => {
    const network = new Network()
    const client = network.connect()
    const challenged = await client.challenge()
    const { head } = await client.answer(challenged, 'alice', 'wonderland')
    const parameters = /^(\w+=("[^"]*"|[\w-]+)(, (?!$)|$))+$/
    expect(challenged.head.fields.get('WWW-Authenticate')!.replace('Digest ', '')).toMatch(parameters)
    expect(head.fields.get('Authentication-Info')).toMatch(parameters)
    expect(head.fields.get('Use-Path')).toMatch(/^msrps:\/\/relay\.example\.com:2855\/[a-z2-7]+;tcp$/)
  })
})

it('towards a peer a relay connects to, the bind SEND of its client comes first, as it was sent (FIELD-strict-1)', async () => {
  const network = new Network()
  const alice = await network.client('alice')
  const far = network.within(FAR)
  far.answers = true
  const fields = [['Message-ID', 'bind1'] as const, ['Byte-Range', '1-0/0'] as const]
  alice.request('SEND', { toPath: [alice.token, FAR], fields })
  alice.send([alice.token, FAR], 'hello')
  await settle()
  expect(far.requests.map(({ head, body }) => `${head.hasBody} ${head.fields.get('Byte-Range')} ${body}`)).toEqual([
    'false 1-0/0 ',
    'true 1-5/5 hello',
  ])
})

it('a token is neither a nonce nor to be guessed (FIELD-relay-3, FIELD-relay-20)', async () => {
  const network = new Network()
  const nonces: string[] = []
  const tokens: string[] = []
  for (let count = 0; count < 300; count++) {
    const client = network.connect()
    const challenged = await client.challenge()
    nonces.push(challenged.head.fields.wwwAuthenticate[0]!.nonce)
    const { head } = await client.answer(challenged, 'alice', 'wonderland', { toPath: [RELAY] })
    nonces.push(head.fields.authenticationInfo!.nextnonce!)
    tokens.push(client.usePath.at(-1)!.sessionId!)
  }
  expect(new Set(tokens).size).toBe(300)
  for (const [index, token] of tokens.entries()) {
    expect(token).toMatch(/^[a-z2-7]{26}$/)
    expect(
      nonces.some((nonce) => nonce.includes(token) || token.includes(nonce)),
      `token ${index}`,
    ).toBe(false)
  }
  for (let place = 0; place < 26; place++) expect(new Set(tokens.map((token) => token[place])).size).toBeGreaterThan(28)
})
