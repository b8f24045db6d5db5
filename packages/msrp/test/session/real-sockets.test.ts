import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { completeSettings, createAuthority, issueCertificate, type RunningRelay, startRelay } from 'msrp-relay'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ConnectOptions,
  connect,
  fileBody,
  listen,
  type NodeEndpointOptions,
  type PreparedSession,
  prepare,
  type Session,
} from '../../src/index.ts'
import { temporaryFolder } from '../node/temporary-folder.ts'
import { testAuthority } from '../transport/test-certificates.ts'
import { failure, nextMessage } from './stage.ts'

// What the pair in memory cannot prove: the whole library over real sockets, files and a real relay.

const MIB = 1024 * 1024
const folder = temporaryFolder()
const PASSWORD = 'a password'

let ca: string
let server: { cert: string; key: string }
let relay: RunningRelay

beforeAll(async () => {
  const authority = await testAuthority()
  ca = authority.ca
  server = await authority.issue({ names: ['127.0.0.1', 'localhost'] })
  const relayAuthority = await createAuthority()
  const { certificate, key } = await issueCertificate({ names: ['relay.localhost'], ca: relayAuthority })
  await writeFile(join(folder.path, 'relay.pem'), certificate)
  await writeFile(join(folder.path, 'relay.key'), key)
  await writeFile(join(folder.path, 'ca.pem'), relayAuthority.certificate)
  ca = `${ca}\n${relayAuthority.certificate}`
  relay = await startRelay(
    completeSettings({
      listen: [{ host: '127.0.0.1', port: 0 }],
      advertised: { name: 'relay.localhost' },
      realm: 'relay.localhost',
      tls: {
        certificate: join(folder.path, 'relay.pem'),
        key: join(folder.path, 'relay.key'),
        ca: join(folder.path, 'ca.pem'),
      },
      stateFolder: join(folder.path, 'relay'),
      log: { level: 'silent' },
      drain: 0,
    }),
  )
  for (const username of ['carol', 'dave']) {
    await relay.state.database?.add({ username, domain: 'relay.localhost', password: PASSWORD })
  }
})

afterAll(() => relay.close())

function relayOf(username: string): NonNullable<ConnectOptions['relay']> {
  return { uri: `msrps://relay.localhost:${relay.listeners[0]!.port};tcp`, username, password: PASSWORD }
}

type Way = () => Promise<{ prepared: PreparedSession; connect: Partial<ConnectOptions & NodeEndpointOptions> }>

const ways: [string, Way][] = [
  ['over TCP', async () => ({ prepared: await prepare({ listen: {}, remotePath: 'first' }), connect: {} })],
  [
    'over TLS',
    async () => ({
      prepared: await prepare({ listen: { host: 'localhost', tls: server }, remotePath: 'first' }),
      connect: { tls: { ca } },
    }),
  ],
  [
    'through a relay',
    async () => ({
      prepared: await prepare({ relay: relayOf('dave'), tls: { ca }, remotePath: 'first' }),
      connect: { relay: relayOf('carol'), tls: { ca } },
    }),
  ],
]

async function pair(way: Way): Promise<{ sender: Session; receiver: Session; close(): Promise<void> }> {
  const { prepared, connect: options } = await way()
  const sender = await connect({ path: prepared.localPath, ...options })
  const receiver = (await prepared.sessions().next()).value as Session
  return {
    sender,
    receiver,
    close: async () => {
      await Promise.all([sender.close(), receiver.close()])
      await prepared.close()
    },
  }
}

async function randomFile(name: string, size: number): Promise<{ path: string; sha256: string }> {
  const path = join(folder.path, name)
  const hash = createHash('sha256')
  const file = createWriteStream(path)
  for (let done = 0; done < size; done += MIB) {
    const bytes = randomBytes(Math.min(MIB, size - done))
    hash.update(bytes)
    if (!file.write(bytes)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'finish')
  return { path, sha256: hash.digest('hex') }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path)) hash.update(piece)
  return hash.digest('hex')
}

describe.each(ways)('%s', (name, way) => {
  test('a file of 64 MiB arrives whole while texts go both ways beside it, each within a second', {
    timeout: 60_000,
  }, async () => {
    const { sender, receiver, close } = await pair(way)
    const { path, sha256 } = await randomFile(`${name}.bin`, 64 * MIB)
    const target = join(folder.path, `${name}.received`)
    const late: number[] = []
    const receive = async (session: Session, texts: number): Promise<string | undefined> => {
      let saving: Promise<string> | undefined
      for await (const message of session) {
        if (message.fileName === undefined) {
          late.push(Date.now() - Number(await message.text()))
          texts--
        } else {
          expect(message).toMatchObject({ fileName: 'größe.bin', size: 64 * MIB })
          saving = message.saveTo(target)
        }
        if (texts === 0 && (saving !== undefined || session === sender)) break
      }
      return saving
    }
    const receiving = [receive(receiver, 20), receive(sender, 20)]
    let progress = 0
    const sent = sender.send(await fileBody(path), {
      fileName: 'größe.bin',
      onProgress: (now) => {
        progress = now.confirmed
      },
    })
    for (let count = 0; count < 20; count++) {
      await Promise.all([sender, receiver].map((session) => session.send(String(Date.now())).delivered))
    }
    const [saved] = await Promise.all(receiving)
    await sent.delivered
    expect(saved).toBe(target)
    expect(await sha256Of(target)).toBe(sha256)
    expect(late).toHaveLength(40)
    expect(Math.max(...late)).toBeLessThan(1_000)
    expect(sent.confirmed).toMatchObject({ contiguous: 64 * MIB })
    expect(progress).toBeGreaterThan(0)
    await close()
  })

  test('bodies of every kind arrive', async () => {
    const { sender, receiver, close } = await pair(way)
    const bytes = new Uint8Array(randomBytes(100_000))
    const bodies = [bytes, new Blob([bytes]), new Blob([bytes]).stream(), [bytes.subarray(0, 5), bytes.subarray(5)]]
    for (const body of bodies) {
      const sent = sender.send(body, { contentType: 'application/octet-stream' })
      expect(Buffer.compare(await (await nextMessage(receiver)).bytes(), bytes)).toBe(0)
      await sent.delivered
    }
    await close()
  })

  test('a receiver that goes away half way is noticed, and leaves no file', async () => {
    const { sender, receiver, close } = await pair(way)
    const sent = sender.send({ size: 2 ** 40, read: async (_, length) => new Uint8Array(length) })
    const failed = failure(sent.delivered)
    const message = await nextMessage(receiver)
    const saving = failure(message.saveTo(join(folder.path, 'never')))
    while (message.received < 4 * MIB) await new Promise((resolve) => setTimeout(resolve, 5))
    await receiver.close()
    expect(await saving).toMatchObject({ code: 'closed' })
    expect((await failed).code).toMatch(/connection-lost|refused|timeout/)
    expect((await readdir(folder.path)).filter((file) => /never|\.part/.test(file))).toEqual([])
    await close()
  })
})

describe('Connecting fails', () => {
  const path = (scheme: string, port: number): string => `${scheme}://127.0.0.1:${port}/session;tcp`

  test('with unreachable, when nobody listens', async () => {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as { port: number }
    listener.close()
    await once(listener, 'close')
    expect(await failure(connect({ path: path('msrp', port) }))).toMatchObject({ code: 'unreachable' })
  })

  test('with tls-authority and tls-name, when the certificate is not good', async () => {
    const listener = await listen({ tls: server })
    expect(await failure(connect({ path: listener.localPath }))).toMatchObject({ code: 'tls-authority' })
    const elsewhere = listener.localPath.replace('127.0.0.1', 'other.localhost')
    expect(
      await failure(connect({ path: elsewhere, tls: { ca }, resolve: { 'other.localhost': '127.0.0.1' } })),
    ).toMatchObject({ code: 'tls-name' })
    const session = await connect({ path: listener.localPath, tls: { insecure: true } })
    expect(session.secure).toBe(true)
    await session.close()
    await listener.close()
  })

  test('with not-msrp, when something else answers', async () => {
    const sockets = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')).listen(0, '127.0.0.1')
    await once(sockets, 'listening')
    const { port } = sockets.address() as { port: number }
    expect(await failure(connect({ path: path('msrp', port) }))).toMatchObject({ code: 'not-msrp' })
    sockets.close()
  })

  test('with refused and the status, when the session is not known there', async () => {
    const listener = await listen()
    const wrong = listener.localPath.replace(/\/[a-z2-7]{26};/, '/unknown;')
    expect(await failure(connect({ path: wrong }))).toMatchObject({ code: 'refused', status: 481 })
    await listener.close()
  })

  test('with unauthorized, when the relay does not know the password', async () => {
    const relay = { ...relayOf('dave'), password: 'wrong' }
    expect(await failure(prepare({ relay, tls: { ca } }))).toMatchObject({ code: 'unauthorized' })
  })

  test('with unreachable, when the port to listen on is taken', async () => {
    const listener = await listen()
    const port = Number(/:(\d+)\//.exec(listener.localPath)![1])
    expect(await failure(listen({ port }))).toMatchObject({ code: 'unreachable' })
    await listener.close()
  })
})

describe('Through a relay', () => {
  test('a peer that is gone makes room for the next one on the same path', async () => {
    const prepared = await prepare({ relay: relayOf('dave'), tls: { ca }, remotePath: 'first' })
    for (const text of ['one', 'two']) {
      const sender = await connect({ path: prepared.localPath, relay: relayOf('carol'), tls: { ca } })
      const session = (await prepared.sessions().next()).value as Session
      const sent = sender.send(text)
      expect(await (await nextMessage(session)).text()).toBe(text)
      await sent.delivered
      await sender.close()
      if (text === 'two') await session.close()
    }
    await prepared.close()
  })

  test('two strict sides that know each other’s paths have a session, whoever is active', async () => {
    const [alice, bob] = await Promise.all(
      ['carol', 'dave'].map((username) => prepare({ relay: relayOf(username), tls: { ca } })),
    )
    const waiting = bob!.complete(alice!.localPath, { active: false })
    const [near, far] = await Promise.all([alice!.complete(bob!.localPath), waiting])
    const sent = far.send('from the passive side')
    expect(await (await nextMessage(near)).text()).toBe('from the passive side')
    await sent.delivered
    await Promise.all([near.close(), far.close(), alice!.close(), bob!.close()])
  })

  test('nothing is left of all this', async () => {
    for (let turns = 0; relay.connections > 0 && turns < 100; turns++)
      await new Promise((resolve) => setTimeout(resolve, 20))
    expect(relay.connections).toBe(0)
  })
})
