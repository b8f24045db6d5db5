import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { cleanupsAfterEach } from '../../../../test/support/cleanups.ts'
import { alternateFamilies } from '../../src/node/happy-eyeballs.ts'
import { type Dialed, type DialOptions, dial, nodeResolver } from '../../src/node/index.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { Recorder } from '../transport/recorder.ts'
import { cipherSuites, selfSigned, testAuthority } from '../transport/test-certificates.ts'

const authority = await testAuthority('Known authority')
const stranger = await testAuthority('Unknown authority')
const good = await authority.issue({ names: ['relay.example.com', '*.chat.example.com', '127.0.0.1', '::1'] })
const rsa = await authority.issue({ names: ['127.0.0.1'], rsa: true })
const client = await authority.issue({ names: ['client.example.com'] })
const expired = await authority.issue({ names: ['relay.example.com'], expired: true })
const future = await authority.issue({ names: ['relay.example.com'], notYetValid: true })
const strange = await stranger.issue({ names: ['relay.example.com'] })
const own = await selfSigned({ names: ['relay.example.com'] })
const nameless = await authority.issue({ commonName: 'Some softphone' })

const cleanups = cleanupsAfterEach()

/** A server made of what Node has, so that nothing under test is on both sides. Resolves with its port. */
async function serve<T extends Server>(server: T, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.listen(0, host)
  await once(server, 'listening')
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function serveTls(options: TlsOptions, onSecure: (socket: TLSSocket) => void = () => {}): Promise<number> {
  const server = createTlsServer(options, (socket) => {
    socket.on('error', () => {})
    onSecure(socket)
  })
  server.on('tlsClientError', () => {})
  return serve(server)
}

async function connect(options: Partial<DialOptions> & { port: number }): Promise<Dialed> {
  const dialed = await dial({ host: '127.0.0.1', secure: true, ...options })
  cleanups.push(() => dialed.transport.destroy())
  return dialed
}

async function failure(promise: Promise<unknown>): Promise<MsrpError> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(MsrpError)
  const { message } = error as MsrpError
  expect(message).not.toMatch(/\n/)
  return error as MsrpError
}

/** Fixed names for all tests: none asks DNS. */
const resolver = nodeResolver({
  resolve: { 'relay.example.com': '127.0.0.1', 'other.example.com': '127.0.0.1', 'a.chat.example.com': '127.0.0.1' },
})

describe('dialling over TCP', () => {
  it('gives a transport and both addresses', async () => {
    const port = await serve(createServer((socket) => socket.end('hello')))
    const { transport, remote, local, tls } = await connect({ secure: false, port })
    const recorder = Recorder.on(transport)
    await recorder.closed()
    expect(recorder.text).toBe('hello')
    expect(remote).toEqual({ address: '127.0.0.1', port })
    expect(local.address).toBe('127.0.0.1')
    expect(local.port).toBeGreaterThan(0)
    expect(tls).toBeUndefined()
    expect(transport.description).toBe(`tcp 127.0.0.1:${port}`)
  })

  it('is unreachable where nothing listens, and says so with host and port', async () => {
    const server = createServer()
    const port = await serve(server)
    server.close()
    await once(server, 'close')
    const error = await failure(connect({ secure: false, port }))
    expect(error.code).toBe('unreachable')
    expect(error.message).toContain(`127.0.0.1:${port}`)
    expect(error.message).toContain('refused')
  })

  it('is unreachable when the name is not known', async () => {
    const error = await failure(connect({ secure: false, host: 'no-such-host.invalid', port: 2855 }))
    expect(error.code).toBe('unreachable')
    expect(error.message).toContain('no-such-host.invalid')
  })

  it('is unreachable when finding the address takes too long, and the resolver is told', async () => {
    let given: AbortSignal | undefined
    const hanging = {
      lookup: (_: string, signal?: AbortSignal) => {
        given = signal
        return new Promise<string[]>(() => {})
      },
    }
    const error = await failure(
      connect({ secure: false, host: 'slow.example.com', port: 2855, resolver: hanging, connectTimeout: 50 }),
    )
    expect(error.code).toBe('unreachable')
    expect(error.message).toContain('slow.example.com:2855')
    expect(given?.aborted).toBe(true)
  })

  it('RFC4975-6.2-1: connects to the address and port that are given', async () => {
    const [port, other] = [await serve(createServer()), await serve(createServer(), '127.0.0.2')]
    for (const [host, at] of [
      ['127.0.0.1', port],
      ['127.0.0.2', other],
    ] as const) {
      const { remote } = await connect({ secure: false, host, port: at })
      expect(remote).toEqual({ address: host, port: at })
    }
  })

  it('RFC4975-6.2-2: looks the address of a name up, and takes the port as it is', async () => {
    const port = await serve(createServer(), '127.0.0.2')
    const asked: string[] = []
    const lookup = async (host: string): Promise<string[]> => {
      asked.push(host)
      return ['127.0.0.2']
    }
    const { remote } = await connect({ secure: false, host: 'one.example.com', port, resolver: { lookup } })
    expect(asked).toEqual(['one.example.com'])
    expect(remote).toEqual({ address: '127.0.0.2', port })
  })

  it('RFC4975-6.2-3: passes over addresses that refuse, in their order', async () => {
    const port = await serve(createServer(), '127.0.0.4')
    const later = createServer()
    cleanups.push(() => later.close())
    later.listen(port, '127.0.0.5')
    await once(later, 'listening')
    const addresses = { lookup: async () => ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'] }
    const { remote } = await connect({ secure: false, host: 'four.example.com', port, resolver: addresses })
    expect(remote.address).toBe('127.0.0.4')
  })

  it('passes over an address that refuses', async () => {
    const port = await serve(createServer())
    const addresses = { lookup: async () => ['127.0.0.2', '127.0.0.1'] }
    const { remote } = await connect({ secure: false, host: 'two.example.com', port, resolver: addresses })
    expect(remote.address).toBe('127.0.0.1')
  })

  it('names every address when all refuse', async () => {
    const server = createServer()
    const port = await serve(server)
    server.close()
    await once(server, 'close')
    const addresses = { lookup: async () => ['127.0.0.2', '127.0.0.1'] }
    const error = await failure(connect({ secure: false, host: 'two.example.com', port, resolver: addresses }))
    expect(error.message).toContain(`two.example.com:${port}`)
    expect(error.message).toContain(`127.0.0.2:${port}: nothing listens there`)
    expect(error.message).toContain(`127.0.0.1:${port}: nothing listens there`)
  })

  it('RFC4975-6.2-3: joins an address that does not answer with the next one, and keeps the first to answer', async () => {
    const { port } = await deafListener('127.0.0.2')
    const answering = createServer()
    cleanups.push(() => answering.close())
    answering.listen(port, '127.0.0.1')
    await once(answering, 'listening')
    const addresses = { lookup: async () => ['127.0.0.2', '127.0.0.1'] }
    const { remote } = await connect({ secure: false, host: 'two.example.com', port, resolver: addresses })
    expect(remote.address).toBe('127.0.0.1')
  })

  it('gives up after the connect timeout where nobody answers', async () => {
    const { port } = await deafListener('127.0.0.2')
    const error = await failure(connect({ secure: false, host: '127.0.0.2', port, connectTimeout: 100 }))
    expect(error.code).toBe('unreachable')
    expect(error.message).toContain('no answer within 100 ms')
  })

  it.each([
    ['before', (controller: AbortController) => controller.abort()],
    ['while connecting', (controller: AbortController) => setTimeout(() => controller.abort(), 20)],
  ])('is given up by the signal %s', async (_, abort) => {
    const { port } = await deafListener('127.0.0.2')
    const controller = new AbortController()
    const dialing = failure(connect({ secure: false, host: '127.0.0.2', port, signal: controller.signal }))
    abort(controller)
    expect((await dialing).code).toBe('aborted')
  })

  it('RFC4975-6.2-3: tries families in turn, beginning with the one of the first address', () => {
    expect(alternateFamilies(['::1', '::2', '::3', '1.1.1.1', '2.2.2.2'])).toEqual([
      '::1',
      '1.1.1.1',
      '::2',
      '2.2.2.2',
      '::3',
    ])
    expect(alternateFamilies(['1.1.1.1', '::1'])).toEqual(['1.1.1.1', '::1'])
    expect(alternateFamilies([])).toEqual([])
  })
})

describe('dialling over TLS', () => {
  it('RFC4975-6-3, RFC4975-5.4-6, RFC4976-9.2-1: protects the connection, and sends nothing where it cannot', async () => {
    const { transport } = await connect({ port: await serveTls(good), tls: { ca: authority.ca } })
    expect(transport.secure).toBe(true)
    const received: Buffer[] = []
    const open = await serve(createServer((socket) => socket.on('data', (bytes) => received.push(bytes)).end('MSRP')))
    expect((await failure(connect({ port: open }))).code).toBe('not-msrp')
    // 22: a TLS handshake, and nothing else.
    expect(Buffer.concat(received)[0] ?? 22).toBe(22)
  })

  it('tells what the certificate says', async () => {
    const port = await serveTls(good)
    const { tls, transport } = await connect({ host: 'relay.example.com', port, resolver, tls: { ca: authority.ca } })
    expect(tls).toMatchObject({
      authorized: true,
      names: ['relay.example.com', '*.chat.example.com'],
      addresses: ['127.0.0.1', '0:0:0:0:0:0:0:1'],
      protocol: 'TLSv1.3',
    })
    expect(tls?.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
    expect(tls?.matches('RELAY.example.com')).toBe(true)
    expect(tls?.matches('example.com')).toBe(false)
    expect(transport.secure).toBe(true)
    expect(transport.description).toBe(`tls 127.0.0.1:${port}`)
  })

  // RFC 4975 §5.4: valid, dated right, signed by an authority we accept, and carrying the host of the URI.
  it.each([
    ['from an unknown authority', strange, 'relay.example.com', 'tls-authority', /unknown authority.*\(ca\)/],
    ['signed by itself', own, 'relay.example.com', 'tls-authority', /self-signed.*\(ca\)/],
    ['expired', expired, 'relay.example.com', 'tls-authority', /expired/],
    ['not valid yet', future, 'relay.example.com', 'tls-authority', /not valid yet/],
    [
      'for another name',
      good,
      'other.example.com',
      'tls-name',
      /is for relay\.example\.com, .*not for other\.example\.com/,
    ],
    ['for the parent of the name', good, 'chat.example.com', 'tls-name', /not for chat\.example\.com/],
    ['for another address', nameless, '127.0.0.1', 'tls-name', /no name at all, not for 127\.0\.0\.1/],
  ] as const)(
    'refuses a certificate %s (RFC4975-5.4-7, RFC4976-9.2-7)',
    async (_, certificate, host, code, message) => {
      const port = await serveTls(certificate)
      const names = nodeResolver({ resolve: { [host.includes('.com') ? host : 'unused']: '127.0.0.1' } })
      const error = await failure(connect({ host, port, resolver: names, tls: { ca: authority.ca } }))
      expect(error.message).toMatch(message)
      expect(error.message).toContain(`${host}:${port}`)
      expect(error.code).toBe(code)
    },
  )

  it('refuses an authority that the system does not know when none is given', async () => {
    const port = await serveTls(good)
    expect((await failure(connect({ port }))).code).toBe('tls-authority')
  })

  it('sends nothing to a peer that is refused, and closes the connection', async () => {
    const received: Buffer[] = []
    const closed = Promise.withResolvers<void>()
    const server = createTlsServer(strange, (socket) => socket.on('data', (bytes) => received.push(bytes)))
    server.on('tlsClientError', () => {})
    server.on('connection', (socket) => socket.on('close', () => closed.resolve()))
    const port = await serve(server)
    await failure(connect({ port, tls: { ca: authority.ca } }))
    await closed.promise
    expect(received).toEqual([])
  })

  it.each([
    ['an address in the certificate', good, { host: '127.0.0.1' }],
    ['a wildcard of one label', good, { host: 'a.chat.example.com' }],
    ['another name that was asked for instead of the host dialled', good, { names: ['relay.example.com'] }],
    ['a self-signed certificate given as its own authority', own, { host: 'relay.example.com', tls: { ca: own.cert } }],
    ['several authorities in one file', good, { tls: { ca: `${stranger.ca}\nsome text\n${authority.ca}` } }],
    ['anything when insecure', strange, { host: 'other.example.com', tls: { insecure: true } }],
    ['an expired one when insecure', expired, { tls: { insecure: true } }],
  ] as const)('accepts %s', async (_, certificate, options) => {
    const port = await serveTls(certificate)
    const dialed = await connect({
      resolver,
      port,
      ...options,
      tls: { ca: authority.ca, ...('tls' in options ? options.tls : {}) },
    })
    expect(dialed.tls?.fingerprint).toBeDefined()
  })

  it('says why a certificate does not pass when insecure', async () => {
    const port = await serveTls(expired)
    const { tls } = await connect({ port, tls: { ca: authority.ca, insecure: true } })
    expect(tls).toMatchObject({ authorized: false, reason: 'CERT_HAS_EXPIRED' })
  })

  it.each([
    ['relay.example.com', 'relay.example.com'],
    ['127.0.0.1', false],
  ])(
    'RFC4975-14.2-1, RFC4976-9.2-2: names the server in the handshake, never by a number: %s',
    async (host, expected) => {
      const named = Promise.withResolvers<unknown>()
      const port = await serveTls(good, (socket) => named.resolve(socket.servername))
      await connect({ host, port, resolver, tls: { ca: authority.ca } })
      expect(await named.promise).toBe(expected)
    },
  )

  it('shows a client certificate', async () => {
    const peer = Promise.withResolvers<string | undefined>()
    const port = await serveTls({ ...good, ca: authority.ca, requestCert: true }, (socket) => {
      const { subjectaltname } = socket.getPeerCertificate()
      peer.resolve(subjectaltname)
    })
    await connect({ port, tls: { ca: authority.ca, ...client } })
    expect(await peer.promise).toBe('DNS:client.example.com')
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'shows no certificate unless it was given one, and tells when a server insists: %s (RFC4976-9.2-8)',
    async (version) => {
      const port = await serveTls({ ...good, requestCert: true, ca: authority.ca, maxVersion: version })
      const dialing = connect({ port, tls: { ca: authority.ca } })
      if (version === 'TLSv1.2') {
        const error = await failure(dialing)
        expect(error.code).toBe('tls-authority')
        expect(error.message).toMatch(/refused the TLS handshake.*certificate of ours/)
      } else {
        // With TLS 1.3 the client is done before the server has looked at its certificate.
        const recorder = Recorder.on((await dialing).transport)
        await recorder.closed()
        expect(recorder.error?.code).toBe('connection-lost')
        expect(recorder.error?.message).toMatch(/certificate/)
      }
    },
  )

  it.each([
    [
      'answers something else',
      (socket: Socket) => socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
    ],
    ['greets first', (socket: Socket) => socket.write('220 mail.example.com ESMTP\r\n')],
    ['closes', (socket: Socket) => socket.on('data', () => socket.end())],
    ['resets', (socket: Socket) => socket.on('data', () => socket.resetAndDestroy())],
  ])('finds out that a peer without TLS %s', async (_, behave) => {
    const port = await serve(createServer(behave))
    const error = await failure(connect({ port }))
    expect(error.message).toMatch(new RegExp(`127\\.0\\.0\\.1:${port} .*TLS`))
    expect(error.code).toBe('not-msrp')
  })

  it('does not wait for a handshake for ever', async () => {
    const port = await serve(createServer())
    const error = await failure(connect({ port, handshakeTimeout: 50 }))
    expect(error.code).toBe('timeout')
    expect(error.message).toMatch(/did not finish the TLS handshake within 50 ms/)
  })

  it('is given up by the signal in the handshake, and closes the connection', async () => {
    const arrived = Promise.withResolvers<Socket>()
    const port = await serve(createServer((socket) => arrived.resolve(socket)))
    const controller = new AbortController()
    const dialing = failure(connect({ port, signal: controller.signal }))
    const socket = await arrived.promise
    socket.resume()
    controller.abort()
    expect((await dialing).code).toBe('aborted')
    await once(socket, 'close')
  })

  it('does not speak TLS 1.1', async () => {
    const port = await serveTls({ ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })
    const error = await failure(connect({ port, tls: { insecure: true } }))
    expect(error.message).toMatch(/TLS 1\.2/)
    expect(error.code).toBe('not-msrp')
  })

  it.each(cipherSuites)('RFC4975-14.2-2, RFC4976-9.2-3: %s: %s', async (name, spoken) => {
    const port = await serveTls({ ...rsa, maxVersion: 'TLSv1.2', ciphers: name })
    const dialing = connect({ port, tls: { ca: authority.ca } })
    if (spoken) expect((await dialing).tls?.protocol).toBe('TLSv1.2')
    else expect((await failure(dialing)).message).toMatch(/refused the TLS handshake|does not speak TLS/)
  })

  it.each([
    ['a certificate without its key', { cert: good.cert }, /cert needs tls\.key/],
    ['a key without its certificate', { key: good.key }, /key needs tls\.cert/],
    ['the key of another certificate', { cert: good.cert, key: client.key }, /cannot be used together/],
    ['a certificate file that holds none', { cert: 'nothing', key: good.key }, /tls\.cert: no certificate in PEM/],
    ['a key file that holds none', { cert: good.cert, key: 'nothing' }, /cannot be used together/],
    ['an authority file that holds none', { ca: good.key }, /tls\.ca: no certificate in PEM/],
    ['a damaged authority', { ca: authority.ca.replace(/\n..../, '\nAAAA') }, /tls\.ca: .*damaged/],
  ])('names what is wrong with %s', async (_, tls, message) => {
    const error = await failure(connect({ port: 1, tls }))
    expect(error.message).toMatch(message)
    expect(error.code).toBe('invalid-argument')
  })
})

/** A port whose queue of connections is full and whose program is not running: an attempt to connect hangs. */
async function deafListener(host: string): Promise<{ port: number }> {
  const program = `require('net').createServer().listen({ port: 0, host: '${host}', backlog: 1 }, function () {
    console.log(this.address().port)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  cleanups.push(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(line.toString())
  const { connect: connectSocket } = await import('node:net')
  for (let full = 0; full < 2; ) {
    const socket = connectSocket(port, host)
    cleanups.push(() => socket.destroy())
    socket.on('error', () => {})
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise((resolve) => setTimeout(() => resolve(false), 100)),
    ])
    if (!connected) full += 1
  }
  return { port }
}
