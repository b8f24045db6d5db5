import { describe, expect, it } from 'vitest'
import { Network, type Node, settle } from './network.ts'

/** Two clients of one relay; Bob answers what he gets. */
async function setUp(
  options = {},
  settings = {},
): Promise<{ network: Network; alice: Node; bob: Node; path: string[] }> {
  const network = new Network(settings)
  const alice = await network.client('alice', options)
  const bob = await network.client('bob', options)
  bob.answers = true
  return { network, alice, bob, path: [alice.token, ...bob.path] }
}

const ranges = (node: Node): string[] =>
  node.all('SEND').map(({ head, flag }) => `${head.fields.get('Byte-Range')} ${flag}`)

function someBody(size: number): Buffer {
  const body = Buffer.alloc(size)
  for (let index = 0; index < size; index++) body[index] = (index * 7919) >> 3
  return body
}

describe('a message', () => {
  it('gets through, each hop answered on its own, under another id (RFC4976-6.4.1-1, RFC4976-6.4.1-2, FIELD-relay-15)', async () => {
    const { alice, bob, path } = await setUp()
    const sent = alice.send(path, 'Hello Bob')
    const { head } = await alice.response(sent)
    expect(head.status).toBe(200)
    expect(head.fields.toPath.map(String)).toEqual([alice.uri])
    expect(head.fields.fromPath.map(String)).toEqual([alice.token])
    const [arrived] = bob.requests
    expect(arrived?.body.toString()).toBe('Hello Bob')
    expect(arrived?.head.fields.toPath.map(String)).toEqual([bob.uri])
    expect(arrived?.head.fields.fromPath.map(String)).toEqual([bob.token, alice.token, alice.uri])
    expect(arrived?.head.transactionId).not.toBe(sent)
    expect(arrived?.head.transactionId).toMatch(/^[a-z2-7]{16}$/)
  })

  it('that came through another relay is answered to that one alone, taken or refused (RFC4976-6.4.1-2)', async () => {
    const { alice, path } = await setUp()
    for (const [toPath, status] of [
      [path, 200],
      [['msrps://relay.example.com:2855/gone;tcp', ...path.slice(1)], 481],
    ] as const) {
      const fromPath = [alice.uri, 'msrps://behind.invalid:1/b;tcp']
      const sent = alice.request('SEND', { toPath, fromPath, body: 'Hello', fields: [['Message-ID', 'message1']] })
      const { head } = await alice.response(sent)
      expect(head.status).toBe(status)
      expect(head.fields.toPath.map(String)).toEqual([alice.uri])
    }
  })

  it('is answered by the relay while the next hop still takes its time (RFC4975-5.3-1, RFC4976-6.4.1-1)', async () => {
    const { alice, bob, path } = await setUp({ capacity: 1000 })
    bob.pause()
    expect((await alice.response(alice.send(path, someBody(5000)))).head.status).toBe(200)
    expect((await alice.response(alice.send([alice.token, ...bob.path.slice(0, 1)], 'hello'))).head.status).toBe(481)
    expect(bob.requests).toEqual([])
  })

  it('is told about by REPORTs along the same way back, which nobody answers (RFC4975-7.1.2-9, RFC4975-7.3.2-6, FIELD-endpoint-7)', async () => {
    const { alice, bob, path } = await setUp()
    alice.send(path, 'Hello', [['Success-Report', 'yes']])
    await settle()
    const before = bob.responses.length
    bob.report(bob.requests[0])
    await settle()
    expect(alice.reports).toEqual(['200 1-5/5'])
    expect(alice.requests[0]?.head.fields.fromPath.map(String)).toEqual([alice.token, bob.token, bob.uri])
    expect(alice.requests[0]?.head.fields.toPath.map(String)).toEqual([alice.uri])
    expect(bob.responses).toHaveLength(before)
  })

  it.each([1, 7, 100, 4096])('of 100 kB that comes %d bytes at a time arrives whole', async (split) => {
    const { alice, bob, path } = await setUp({ split, capacity: 5_000 }, { flowBuffer: 16_384 })
    const sent = alice.send(path, someBody(100_000), [['Byte-Range', '1-*/100000']])
    expect((await alice.response(sent)).head.status).toBe(200)
    expect(bob.body().equals(someBody(100_000))).toBe(true)
    expect(bob.requests.at(-1)?.flag).toBe('$')
  })

  it.each(['$', '+', '#'] as const)(
    'ends as it came, with %s (RFC4975-7.1-11, RFC4975-7.1-12, RFC4975-7.1-13)',
    async (flag) => {
      const { alice, bob, path } = await setUp()
      for (const size of [0, 10, 2048, 2049, 10_000]) {
        const fields = [
          ['Message-ID', `message${size}`],
          ['Byte-Range', `1-*/20000`],
        ] as const
        alice.request('SEND', { toPath: path, body: someBody(size), fields, flag })
        await settle()
        expect(bob.requests.at(-1)?.flag).toBe(flag)
        expect(bob.body(`message${size}`).equals(someBody(size))).toBe(true)
      }
      expect(bob.requests).toHaveLength(5)
    },
  )

  it('without a body stays one (RFC4975-7.1-8)', async () => {
    const { alice, bob, path } = await setUp()
    for (const range of ['1-0/0', '1-*/*', '1-5/5']) {
      const sent = alice.request('SEND', {
        toPath: path,
        fields: [
          ['Message-ID', 'bind'],
          ['Byte-Range', range],
        ],
      })
      expect((await alice.response(sent)).head.status).toBe(200)
      const arrived = bob.requests.at(-1)
      expect(arrived?.head.hasBody).toBe(false)
      expect(arrived?.head.fields.get('Byte-Range')).toBe(range)
    }
    const sent = alice.request('SEND', { toPath: path, fields: [['Message-ID', 'bind']] })
    expect((await alice.response(sent)).head.status).toBe(200)
    expect(bob.requests.at(-1)?.head.fields.get('Byte-Range')).toBeUndefined()
  })

  it('with an empty body keeps that', async () => {
    const { alice, bob, path } = await setUp()
    alice.send(path, '')
    await settle()
    expect(bob.requests[0]?.head.hasBody).toBe(true)
    expect(ranges(bob)).toEqual(['1-0/0 $'])
  })
})

describe('header fields', () => {
  it('but start-line and paths go on byte for byte and in order (RFC4975-12-2)', async () => {
    const { alice, bob, path } = await setUp()
    const lines = [
      'X-First:no blank',
      'message-id: message1',
      'X-Colons: a: b: c',
      'BYTE-RANGE:   1-5/5  ',
      'X-Twice: 1',
      'X-Twice: 2',
      'X-Bytes: \u00e4\u20ac\ud83d\ude00',
      'Failure-Report:YES',
      'X-Tab:\ta\tb\t',
      'X-Empty:',
      'Content-Disposition: attachment; filename="a b.txt"; filename*=UTF-8\'\'%e2%82%ac',
      'Content-Type: text/plain; charset=UTF-8',
    ]
    alice.write(
      `MSRP abcd1234 SEND\r\nX-Before: paths\r\nto-path: ${path.join(' ')}\r\nX-Between: them\r\nFROM-PATH:${alice.uri}\r\n` +
        `${lines.join('\r\n')}\r\n\r\nHello\r\n-------abcd1234$\r\n`,
    )
    await settle()
    const text = bob.received.toString()
    const at = text.indexOf('MSRP', text.indexOf('Use-Path'))
    expect(text.slice(at)).toBe(
      [
        `MSRP ${bob.requests[0]?.head.transactionId} SEND`,
        `To-Path: ${bob.uri}`,
        `From-Path: ${bob.token} ${alice.token} ${alice.uri}`,
        'X-Before: paths',
        'X-Between: them',
        ...lines,
        '',
        'Hello',
        `-------${bob.requests[0]?.head.transactionId}$`,
        '',
      ].join('\r\n'),
    )
  })

  it.each([
    ['no Message-ID', ['Byte-Range: 1-5/5']],
    ['two Message-IDs', ['Message-ID: m123', 'Message-ID: m124']],
    ['a Message-ID that is none', ['Message-ID: ()']],
    ['a Byte-Range that is none', ['Message-ID: m123', 'Byte-Range: 5-1/5']],
    ['a Byte-Range where no message has a byte', ['Message-ID: m123', 'Byte-Range: 9007199254740991-*/*']],
    ['a Failure-Report that is none', ['Message-ID: m123', 'Failure-Report: maybe']],
    ['a line that is none', ['Message-ID: m123', 'no colon']],
    ['a carriage return', ['Message-ID: m123', 'X: a\rMSRP b SEND']],
  ])('that cannot be right are answered 400 and go nowhere: %s', async (_, lines) => {
    const { alice, bob, path } = await setUp()
    alice.write(
      `MSRP abcd1234 SEND\r\nTo-Path: ${path.join(' ')}\r\nFrom-Path: ${alice.uri}\r\n${lines.join('\r\n')}\r\n` +
        'Content-Type: text/plain\r\n\r\nHello\r\n-------abcd1234$\r\n',
    )
    expect((await alice.response('abcd1234')).head.status).toBe(400)
    const sent = alice.send(path, 'the next one')
    expect((await alice.response(sent)).head.status).toBe(200)
    expect(bob.all('SEND').map(({ body }) => body.toString())).toEqual(['the next one'])
  })

  it.each([
    ['without paths', 'MSRP abcd1234 SEND\r\nMessage-ID: m123\r\n-------abcd1234$\r\n'],
    [
      'with two From-Paths',
      'MSRP abcd1234 SEND\r\nTo-Path: TO\r\nFrom-Path: FROM\r\nFrom-Path: FROM\r\n-------abcd1234$\r\n',
    ],
    ['with a path that is none', 'MSRP abcd1234 SEND\r\nTo-Path: TO\r\nFrom-Path: nobody\r\n-------abcd1234$\r\n'],
    ['of another protocol', 'GET / HTTP/1.1\r\nHost: relay.example.com\r\n\r\n'],
  ])('end the connection when it is not known what follows them: a request %s', async (_, text) => {
    const { alice, bob, path } = await setUp()
    alice.write(text.replace('TO', path.join(' ')).replaceAll('FROM', alice.uri))
    await settle()
    expect(alice.closed).toBe(true)
    expect(bob.all('SEND')).toEqual([])
  })
})

describe('Byte-Range', () => {
  it.each([
    ['1-5/5', 5, '1-5/5 $'],
    ['1-*/5', 5, '1-*/5 $'],
    ['1-2048/2048', 2048, '1-2048/2048 $'],
    ['100-104/1000', 5, '100-104/1000 $'],
  ])('of a small chunk stays as it came: %s', async (range, size, expected) => {
    const { alice, bob, path } = await setUp()
    alice.send(path, someBody(size), [['Byte-Range', range]])
    await settle()
    expect(ranges(bob)).toEqual([expected])
  })

  it('of chunks that overlap, repeat, come in any order, start late, go beyond the total or know none goes on as it came', async () => {
    const { alice, bob, path } = await setUp()
    const sent = ['6-10/*', '1-5/*', '3-7/10', '1-5/*', '900-904/*', '9-*/10', '1-*/*', '50-54/10', '5-*/99999999999']
    for (const range of sent) {
      alice.request('SEND', {
        toPath: path,
        body: 'Hello',
        flag: '+',
        fields: [
          ['Message-ID', 'message1'],
          ['Byte-Range', range],
        ],
      })
    }
    await settle()
    expect(ranges(bob)).toEqual(sent.map((range) => `${range} +`))
  })

  it('of a large chunk has no end, because it may be interrupted (RFC4975-7.1.1-15, RFC4975-7.1.1-20)', async () => {
    const { alice, bob, path } = await setUp()
    alice.send(path, someBody(2049), [['Byte-Range', '1-2049/2049']])
    await settle()
    expect(ranges(bob)).toEqual(['1-*/2049 $'])
  })

  it('is put in when a large chunk came without', async () => {
    const { alice, bob, path } = await setUp()
    for (const size of [5, 5000]) {
      const fields = [['Message-ID', 'message1']] as const
      alice.request('SEND', { toPath: path, body: someBody(size), fields })
    }
    await settle()
    expect(ranges(bob)).toEqual(['undefined $', '1-*/* $'])
  })

  it.each(['1-10/10', '1-3/5', '1-4096/4096', '1-0/0'])(
    'of a small chunk that says something else than there is gets right: %s (RFC4976-6.4.1-10)',
    async (range) => {
      const { alice, bob, path } = await setUp()
      alice.send(path, 'Hello', [['Byte-Range', range]])
      await settle()
      expect(ranges(bob)).toEqual([`1-5/${range.split('/')[1]} $`])
      expect(bob.body().toString()).toBe('Hello')
    },
  )
})

describe('two messages of one sender', () => {
  it('stay apart, however their chunks come: each part has the Message-ID that it came with (RFC4976-6.4.1-7, RFC4976-6.4.1-8)', async () => {
    const { alice, bob, path } = await setUp({ capacity: 1000 })
    bob.pause()
    for (const start of [1, 4, 7]) {
      for (const id of ['message1', 'message2']) {
        const range = `${start}-${start + 2}/9`
        alice.request('SEND', {
          toPath: path,
          fields: [
            ['Message-ID', id],
            ['Byte-Range', range],
          ],
          body: id.at(-1)?.repeat(3) ?? '',
          flag: start === 7 ? '$' : '+',
        })
      }
    }
    await settle()
    bob.resume()
    await settle()
    const parts = bob
      .all('SEND')
      .map(({ head, body }) => `${head.fields.messageId} ${head.fields.get('Byte-Range')} ${body}`)
    expect(parts).toEqual(
      [1, 4, 7].flatMap((start) =>
        [1, 2].map((number) => `message${number} ${start}-${start + 2}/9 ${String(number).repeat(3)}`),
      ),
    )
  })
})

describe('two senders to one receiver', () => {
  it('take turns: nobody waits for the end of a long message (RFC4975-7.1.1-26)', async () => {
    const { network, alice, bob, path } = await setUp()
    const long = alice.begin(path, [['Byte-Range', '1-*/1000000']])
    alice.write(someBody(100_000))
    await settle()
    // Bob has two sessions on his connection.
    await bob.authenticate('bob', 'builder')
    const carol = network.connect({ uri: 'msrps://carol.invalid:1/c;tcp' })
    const short = carol.send(bob.path, 'hello', [['Message-ID', 'message2']])
    expect((await carol.response(short)).head.status).toBe(200)
    expect(ranges(bob)).toEqual(['1-*/1000000 +', '1-5/5 $'])
    alice.write(someBody(100_000))
    alice.end(long)
    await settle()
    expect(ranges(bob)).toEqual(['1-*/1000000 +', '1-5/5 $', '100001-*/1000000 $'])
    expect(bob.body().equals(Buffer.concat([someBody(100_000), someBody(100_000)]))).toBe(true)
    expect((await alice.response(long)).head.status).toBe(200)
  })

  it('take turns within a chunk, which is cut although all of it is there (RFC4975-5.1-1, RFC4976-6.4.1-6)', async () => {
    const { network, alice, bob, path } = await setUp({ capacity: 1000 }, { flowBuffer: 1_000_000 })
    await bob.authenticate('bob', 'builder')
    bob.pause()
    alice.send(path, someBody(400_000), [['Byte-Range', '1-400000/400000']])
    await settle()
    const carol = network.connect({ uri: 'msrps://carol.invalid:1/c;tcp' })
    carol.send(bob.path, 'hello', [['Message-ID', 'message2']])
    await settle()
    bob.resume()
    await settle()
    const [first, second, ...rest] = ranges(bob)
    expect([first, second, rest.length > 0]).toEqual(['1-*/400000 +', '1-5/5 $', true])
    expect(bob.body().equals(someBody(400_000))).toBe(true)
  })

  it('send small chunks whole: a slow one holds nobody up and is not cut (RFC4976-6.4.1-9, RFC4975-7.1.1-24)', async () => {
    const { network, alice, bob, path } = await setUp()
    const slow = alice.begin(path, [['Byte-Range', '1-2048/2048']])
    alice.write(someBody(2048))
    await settle()
    await bob.authenticate('bob', 'builder')
    const carol = network.connect({ uri: 'msrps://carol.invalid:1/c;tcp' })
    carol.send(bob.path, 'hello', [['Message-ID', 'message2']])
    await settle()
    alice.end(slow)
    await settle()
    expect(ranges(bob)).toEqual(['1-5/5 $', '1-2048/2048 $'])
  })

  it('a chunk of which nothing more came since it was cut is not followed by an empty one', async () => {
    const { network, alice, bob, path } = await setUp()
    const first = alice.begin(path, [['Byte-Range', '1-*/10000']])
    alice.write(someBody(5000))
    await settle()
    await bob.authenticate('bob', 'builder')
    const carol = network.connect({ uri: 'msrps://carol.invalid:1/c;tcp' })
    carol.send(bob.path, 'hello', [['Message-ID', 'message2']])
    await settle()
    alice.end(first, '+')
    await settle()
    expect(ranges(bob)).toEqual(['1-*/10000 +', '1-5/5 $'])
    expect((await alice.response(first)).head.status).toBe(200)
    const second = alice.begin(path, [['Byte-Range', '5001-*/10000']])
    alice.write(someBody(5000))
    alice.end(second)
    await settle()
    expect(ranges(bob).at(-1)).toBe('5001-*/10000 $')
  })
})
