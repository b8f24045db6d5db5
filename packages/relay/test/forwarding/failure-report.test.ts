import { describe, expect, it } from 'vitest'
import { Network, type Node, settle } from './network.ts'

const FAR = 'msrps://far.example.net:7000/f;tcp'

/** Alice sends to somebody whom the relay connects to. */
async function setUp(): Promise<{ network: Network; alice: Node; far: Node; path: string[] }> {
  const network = new Network()
  const alice = await network.client('alice')
  return { network, alice, far: network.within(FAR), path: [alice.token, FAR] }
}

/** What Alice is told of one chunk: statuses of responses, then of REPORTs. */
function told(alice: Node, sent: string): string {
  return [...alice.statuses(sent).map(String), ...alice.reports.map((report) => `REPORT ${report}`)].join(', ')
}

/** What goes wrong, before or after the chunk was answered, and what is told then with `yes` and with `partial`. */
const failures: [
  name: string,
  cause: (network: Network, alice: Node, far: Node) => Promise<void> | void,
  yes: string,
  partial: string,
][] = [
  ['nothing', (_network, _alice, far) => far.respond(far.requests[0]), '200', ''],
  [
    'the next hop refuses it (RFC4976-6.4.3-3, RFC4975-7.1.1-8)',
    (_network, _alice, far) => far.respond(far.requests[0], 415),
    '200, REPORT 415 1-5/5',
    'REPORT 415 1-5/5',
  ],
  [
    'the next hop refuses it as something we do not know',
    (_network, _alice, far) => far.respond(far.requests[0], 599),
    '200, REPORT 599 1-5/5',
    'REPORT 599 1-5/5',
  ],
  [
    'the next hop does not answer (RFC4976-6.4.1-3, RFC4976-6.4.1-4)',
    (network) => network.clock.advance(30_000),
    '200, REPORT 408 1-5/5',
    '',
  ],
  [
    'the next hop closes the connection without an answer',
    (_network, _alice, far) => far.close(),
    '200, REPORT 481 1-5/5',
    '',
  ],
  ['the connection to the next hop is lost', (_network, _alice, far) => far.pair.drop(), '200, REPORT 481 1-5/5', ''],
  [
    'the token runs out',
    (network, _alice, far) => {
      far.respond(far.requests[0])
      return network.clock.advance(900_000)
    },
    '200',
    '',
  ],
  [
    'the relay is shut down',
    async (network) => {
      void network.relay.close(1000)
      await settle()
    },
    '200, REPORT 481 1-5/5',
    '',
  ],
]

describe.each([
  ['yes', 2],
  ['absent', 2],
  ['partial', 3],
  ['no', -1],
] as const)('Failure-Report %s: a chunk that was taken (RFC4976-6.4.1-5)', (value, column) => {
  const fields = value === 'absent' ? [] : [['Failure-Report', value] as const]

  it.each(failures)('and then: %s', async (...failure) => {
    const { network, alice, far, path } = await setUp()
    const sent = alice.send(path, 'Hello', fields)
    await settle()
    expect(far.body().toString()).toBe('Hello')
    await failure[1](network, alice, far)
    await settle()
    const expected = column === -1 ? '' : (failure[column] as string)
    expect(told(alice, sent)).toBe(expected)
    // Whatever comes later does not change it; but with `partial` an error is never too late.
    if (!far.closed && (value !== 'partial' || expected !== '')) far.respond(far.requests[0], 500)
    await network.clock.advance(100_000)
    expect(told(alice, sent)).toBe(expected)
  })

  it('but for which there is no way', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const before = alice.send([alice.token, FAR], 'Hello', fields)
    await settle()
    // The answer was out before the dial failed.
    expect(told(alice, before)).toBe(
      { yes: '200, REPORT 481 1-5/5', absent: '200, REPORT 481 1-5/5', partial: 'REPORT 481 1-5/5', no: '' }[value],
    )
  })

  it('and refused while it still comes is answered so, and not reported', async () => {
    const { alice, far, path } = await setUp()
    const sent = alice.begin(path, [...fields, ['Byte-Range', '1-*/100000']])
    alice.write('x'.repeat(5000))
    await settle()
    far.respondTo(far.open?.head as never, 413)
    await settle()
    const expected = value === 'no' ? '' : '413'
    expect(told(alice, sent)).toBe(expected)
    // The far side is not sent what it does not want.
    alice.write('x'.repeat(5000))
    alice.end(sent)
    await settle()
    expect(told(alice, sent)).toBe(expected)
    if (value === 'no') return
    expect(far.open).toBeUndefined()
    expect(far.all('SEND').map(({ flag, body }) => `${body.byteLength} ${flag}`)).toEqual(['5000 #'])
  })
})

describe('a REPORT of the relay', () => {
  it('goes back along the way the message came, from the URI it was sent to, for the bytes that came (RFC4975-7.1.2-1, RFC4975-7.1.2-2, RFC4975-7.1.4-6)', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const fromPath = ['msrps://inner.example.net:1/i;tcp', 'msrps://client.invalid:1/c;tcp']
    alice.request('SEND', {
      toPath: [alice.token, FAR],
      fromPath,
      body: 'Hello',
      fields: [
        ['Message-ID', 'message7'],
        ['Byte-Range', '101-*/*'],
        ['Success-Report', 'yes'],
        ['Failure-Report', 'yes'],
      ],
      flag: '+',
    })
    await settle()
    const { head, flag, body } = alice.all('REPORT')[0]!
    expect([...head.fields.entries()]).toEqual([
      ['To-Path', fromPath.join(' ')],
      ['From-Path', alice.token],
      ['Message-ID', 'message7'],
      ['Byte-Range', '101-105/*'],
      ['Status', '000 481 the next hop cannot be reached'],
    ])
    expect([flag, head.hasBody, body.byteLength]).toEqual(['$', false, 0])
  })

  it('names the first of our two URIs, to which the message was addressed', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob')
    alice.send([alice.token, ...bob.path], 'Hello')
    await settle()
    bob.respond(bob.requests[0], 403)
    await settle()
    const { fields } = alice.all('REPORT')[0]!.head
    expect(fields.fromPath.map(String)).toEqual([alice.token])
    expect(fields.toPath.map(String)).toEqual([alice.uri])
    expect(fields.get('Status')).toBe('000 403 Forbidden')
  })

  it('has the words of the next hop, where it has any', async () => {
    const { alice, far, path } = await setUp()
    alice.send(path, 'Hello')
    await settle()
    const { transactionId, fields } = far.requests[0]!.head
    far.write(
      `MSRP ${transactionId} 403 not after ten\r\nTo-Path: ${fields.fromPath[0]}\r\nFrom-Path: ${FAR}\r\n-------${transactionId}$\r\n`,
    )
    await settle()
    expect(alice.all('REPORT')[0]?.head.fields.get('Status')).toBe('000 403 not after ten')
  })

  it.each([
    ['bodiless', undefined, '1-0/0', '1-0/0'],
    ['empty', '', '1-0/0', '1-0/0'],
    ['shorter than it says', 'abc', '1-10/10', '1-3/10'],
    ['longer than it says', 'abcdefghijkl', '1-3/3', '1-12/3'],
    ['without Byte-Range', 'Hello', undefined, '1-5/*'],
    ['as late as can be', 'Hello', '4503599627370496-*/*', '4503599627370496-4503599627370500/*'],
  ])(
    'about a chunk that is %s has its real range (RFC4975-7.1.4-8, RFC4975-7.1.4-9)',
    async (_, body, range, expected) => {
      const network = new Network()
      const alice = await network.client('alice')
      const fields = [
        ['Message-ID', 'message1'] as const,
        ...(range === undefined ? [] : [['Byte-Range', range] as const]),
      ]
      alice.request('SEND', { toPath: [alice.token, FAR], body, fields })
      await settle()
      expect(alice.reports).toEqual([`481 ${expected}`])
    },
  )

  it('goes to the peer of a holder who is gone as well, over the connection its message came on', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const peer = network.connect()
    const answered = peer.send(alice.path, 'Hello')
    const arriving = peer.begin(alice.path, [['Message-ID', 'message2']])
    peer.write('x'.repeat(3000))
    await settle()
    alice.pair.drop()
    await settle()
    expect(told(peer, answered)).toBe('200, REPORT 481 1-5/5')
    expect(peer.statuses(arriving)).toEqual([481])
    peer.write('x'.repeat(3000))
    peer.end(arriving)
    await settle()
    expect(peer.reports).toEqual(['481 1-5/5'])
    expect(peer.closed).toBe(false)
  })

  it('comes once for a chunk, however many of its parts fail', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob')
    const path = [alice.token, ...bob.path]
    const carol = network.connect({ uri: 'msrps://carol.invalid:1/c;tcp' })
    await bob.authenticate('bob', 'builder')
    const sent = alice.begin(path)
    for (let part = 0; part < 3; part++) {
      alice.write('x'.repeat(3000))
      await settle()
      carol.send(bob.path, 'in between', [['Message-ID', 'message2']])
      await settle()
    }
    alice.end(sent)
    await settle()
    const parts = bob.all('SEND').filter(({ head }) => head.fields.messageId === 'message1')
    expect(parts.length).toBe(4)
    for (const part of parts.reverse()) bob.respond(part, 400)
    await settle()
    expect(told(alice, sent)).toBe('200, REPORT 400 1-9000/*')
  })

  it('is never about a REPORT (RFC4975-7.3.2-6)', async () => {
    const { network, alice, far, path } = await setUp()
    alice.send(path, 'Hello')
    await settle()
    far.respond(far.requests[0])
    alice.request('REPORT', {
      toPath: path,
      fields: [
        ['Message-ID', 'm123'],
        ['Byte-Range', '1-1/1'],
        ['Status', '000 200 OK'],
        ['Failure-Report', 'yes'],
      ],
    })
    await settle()
    expect(far.all('REPORT')).toHaveLength(1)
    far.respond(far.all('REPORT')[0], 400)
    await network.clock.advance(60_000)
    far.pair.drop()
    await settle()
    expect(alice.reports).toEqual([])
    expect(alice.responses.filter(({ head }) => head.status !== 401)).toHaveLength(2)
  })
})

describe('what waits for the next hop and is lost with it', () => {
  it.each(['yes', 'partial'])(
    'is reported, all of it, when it never left us: Failure-Report %s (RFC4976-6.4.1-5)',
    async (value) => {
      const network = new Network()
      const alice = await network.client('alice')
      const far = network.within(FAR, { capacity: 1 })
      far.pause()
      const count = 20
      for (let index = 0; index < count; index++) {
        const fields = [
          ['Message-ID', `message${index}`],
          ['Failure-Report', value],
        ] as const
        alice.send([alice.token, FAR], 'x'.repeat(1000), fields)
      }
      await settle()
      expect(alice.reports).toEqual([])
      far.pair.drop()
      await settle()
      expect(alice.reports).toEqual(Array.from({ length: count }, () => '481 1-1000/1000'))
    },
  )

  it('is reported while the next hop is still being dialled', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const { promise, reject } = Promise.withResolvers<never>()
    network.onDial = () => promise
    const whole = alice.send([alice.token, FAR], 'Hello')
    const arriving = alice.begin([alice.token, FAR], [['Message-ID', 'message2']])
    alice.write('x'.repeat(3000))
    await settle()
    expect([alice.statuses(whole), alice.statuses(arriving)]).toEqual([[200], []])
    reject(new Error('no route'))
    await settle()
    expect(alice.statuses(arriving)).toEqual([481])
    expect(alice.reports).toEqual(['481 1-5/5'])
    // And the next message tries again.
    const far = network.within(FAR)
    far.answers = true
    network.onDial = async () => ({ transport: far.pair.right, certificateNames: [] })
    alice.end(arriving)
    const again = alice.send([alice.token, FAR], 'Hello again', [['Message-ID', 'message3']])
    expect((await alice.response(again)).head.status).toBe(200)
    expect(far.body('message3').toString()).toBe('Hello again')
    expect(far.body('message2').toString()).toBe('')
  })

  it.each([
    ['refused', 403, 'refused', 403],
    ['refused', undefined, 'refused', 403],
    ['timeout', undefined, 'timed out', 408],
    ['unreachable', undefined, 'refused', 481],
    ['tls-name', undefined, 'another name', 481],
  ] as const)('is told why, as far as it is its business: %s', async (code, status, message, expected) => {
    const { MsrpError } = await import('msrp/wire')
    const network = new Network()
    const alice = await network.client('alice')
    network.onDial = () => Promise.reject(new MsrpError(code, message, { status }))
    alice.send([alice.token, FAR], 'Hello')
    await settle()
    expect(alice.reports).toEqual([`${expected} 1-5/5`])
  })

  it('and was answered too late is reported already (RFC4975-7.1.1-7)', async () => {
    const { network, alice, far, path } = await setUp()
    alice.send(path, 'Hello')
    await settle()
    await network.clock.advance(30_000)
    far.respond(far.requests[0])
    await settle()
    expect(alice.reports).toEqual(['408 1-5/5'])
  })

  it('is not counted as late while the next hop waits for us, or we for it (RFC4975-7.1.1-7)', async () => {
    const network = new Network({ flowBuffer: 10_000 })
    const alice = await network.client('alice', { capacity: 1000 })
    const bob = await network.client('bob', { capacity: 1000 })
    // Bob sends more than Alice takes, so that we do not read from Bob for a while.
    alice.pause()
    const back = bob.begin([bob.token, ...alice.path], [['Message-ID', 'back']])
    bob.write('x'.repeat(1_000_000))
    await settle()
    expect(bob.pair.right.paused).toBe(true)
    alice.send([alice.token, ...bob.path], 'Hello')
    await settle()
    bob.end(back)
    bob.respond(bob.requests[0])
    await network.clock.advance(600_000)
    expect(network.relay.counters.reportsSent).toBe(0)
    alice.resume()
    await settle()
    await network.clock.advance(60_000)
    expect(alice.reports).toEqual([])
    expect(alice.body('back').byteLength).toBe(1_000_000)
  })
})
