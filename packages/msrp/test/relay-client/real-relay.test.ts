import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { completeSettings, createAuthority, issueCertificate, type RunningRelay, startRelay } from 'msrp-relay'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Clock, MsrpConnection } from '../../src/connection/index.ts'
import { dial, nodeClock, nodeHash, nodeRandom, nodeResolver } from '../../src/node/index.ts'
import { PARTS_AT_HAND } from '../../src/session/parts-at-hand.ts'
import type { PendingRequest } from '../../src/session/pending-request.ts'
import {
  type AuthenticateOptions,
  authenticate,
  connectToRelay,
  RelayMemory,
  type RelayRegistration,
} from '../../src/session/relay-client/index.ts'
import { MsrpUri } from '../../src/wire/index.ts'
import { type Client, clientConnection } from './scripted-relay.ts'

// The relay of this repository, over TLS on loopback: what the scripted one cannot prove.

const PASSWORD = 'correct horse, "battery" staple'
const NAMES = ['relay-a.localhost', 'relay-b.localhost'] as const

let folder: string
let ca: string
const relays: RunningRelay[] = []
const registrations: RelayRegistration<Client>[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'msrp-relay-client-'))
  const authority = await createAuthority()
  ca = authority.certificate
  await writeFile(join(folder, 'ca.pem'), ca)
  for (const name of NAMES) {
    const { certificate, key } = await issueCertificate({ names: [name], ca: authority })
    await writeFile(join(folder, `${name}.pem`), certificate)
    await writeFile(join(folder, `${name}.key`), key)
    const settings = completeSettings({
      listen: [{ host: '127.0.0.1', port: 0 }],
      advertised: { name },
      realm: name,
      tls: { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`), ca: join(folder, 'ca.pem') },
      stateFolder: join(folder, name),
      digest: { algorithms: ['md5', 'sha-256'] },
      expires: { minimum: 60, default: 600, maximum: 3600 },
      limits: { authFailures: 3 },
      log: { level: 'silent' },
      drain: 0,
    })
    const relay = await startRelay(settings, { resolver: nodeResolver() })
    await relay.state.database?.add({ username: 'carol', domain: name, password: PASSWORD })
    relays.push(relay)
  }
})

afterAll(async () => {
  for (const registration of registrations) {
    registration.stop()
    registration.connection.msrp.fail(undefined)
  }
  for (const relay of relays) await relay.close()
  await rm(folder, { recursive: true, force: true })
})

function uriOf(index: number): MsrpUri {
  return MsrpUri.parse(`msrps://${NAMES[index]}:${relays[index]?.listeners[0]?.port};tcp`)
}

async function connect(relay: MsrpUri): Promise<MsrpConnection<PendingRequest>> {
  const { transport } = await connectToRelay(relay, nodeResolver(), ({ host, port, serverName }) =>
    dial({ host, port, secure: true, tls: { ca }, names: [serverName] }),
  )
  return clientConnection(transport, nodeClock, nodeRandom)
}

async function register(
  uris: MsrpUri[],
  { clock = nodeClock, ...options }: Partial<AuthenticateOptions<Client>> & { readonly clock?: Clock } = {},
): Promise<RelayRegistration<Client>> {
  const registration = await authenticate({
    connect: async () => ({ msrp: await connect(uris[0]!) }),
    relays: uris,
    localUri: MsrpUri.parse('msrps://client.invalid:2855/l0calses510n;tcp'),
    credentials: () => ({ username: 'carol', password: PASSWORD }),
    platform: { clock, random: nodeRandom, hash: nodeHash, parts: PARTS_AT_HAND },
    memory: new RelayMemory(),
    ...options,
  })
  registrations.push(registration)
  return registration
}

/** A hundred times as fast as the real one: 60 s of lifetime pass in 600 ms. */
const fast: Clock = {
  now: () => nodeClock.now() * 100,
  after: (milliseconds, action) => nodeClock.after(milliseconds / 100, action),
}

/** Relays whose ways are known are not suspected for being silent, which on the fast clock they would be at once. */
function knowing(...uris: MsrpUri[]): RelayMemory {
  const memory = new RelayMemory()
  for (const uri of uris) memory.of(uri).takesUri = true
  return memory
}

describe('With the relay of this repository, over TLS,', () => {
  test('a client gets a path, a lifetime and proof that the relay knows the password (RFC4976-5.1-1, RFC4976-5.1-2, RFC4976-9.2-1)', async () => {
    const registration = await register([uriOf(0)])
    const [uri, ...more] = registration.usePath
    expect(more).toEqual([])
    expect(uri).toMatchObject({ scheme: 'msrps', host: NAMES[0], port: uriOf(0).port })
    expect(uri?.sessionId?.length).toBeGreaterThanOrEqual(22)
    const left = registration.expiresAt - nodeClock.now()
    expect(left).toBeGreaterThan(590_000)
    expect(left).toBeLessThanOrEqual(600_000)
  })

  test('a lifetime is moved into its bounds', async () => {
    const registration = await register([uriOf(0)], { expires: 7200 })
    expect(Math.round((registration.expiresAt - nodeClock.now()) / 1000)).toBe(3600)
  })

  test('a wrong password and an unknown user look the same', async () => {
    const texts = new Set<string>()
    for (const credentials of [
      { username: 'carol', password: 'wrong' },
      { username: 'nobody', password: PASSWORD },
    ]) {
      const error = await register([uriOf(0)], { credentials: () => credentials }).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'unauthorized' })
      texts.add(String(error))
    }
    expect(texts.size).toBe(1)
  })

  test('a refresh extends the path', async () => {
    const memory = knowing(uriOf(0))
    const authentications = relays[0]!.counters.authentications
    const registration = await register([uriOf(0)], { expires: 60, clock: fast, memory })
    const changes: unknown[] = []
    registration.onPathChanged = (change) => changes.push(change)
    registration.onLost = (error) => changes.push(error)
    const path = registration.usePath.join(' ')
    const { expiresAt } = registration
    await expect.poll(() => registration.expiresAt, { timeout: 5_000 }).toBeGreaterThan(expiresAt)
    expect(registration.usePath.join(' ')).toBe(path)
    expect(changes).toEqual([])
    expect(relays[0]?.counters.authentications).toBeGreaterThanOrEqual(authentications + 2)
    registration.stop()
  })

  test('a chain of two is asked one through the other, and extended by a refresh (RFC4976-5.1-6)', async () => {
    const memory = knowing(uriOf(0), uriOf(1))
    const registration = await register([uriOf(0), uriOf(1)], { expires: 60, clock: fast, memory })
    expect(registration.usePath.map(({ host }) => host)).toEqual([...NAMES])
    expect(registration.usePath.map(({ host }) => host)).toEqual([...NAMES])
    const changes: unknown[] = []
    registration.onPathChanged = (change) => changes.push(change)
    registration.onLost = (error) => changes.push(error)
    const { expiresAt } = registration
    await expect.poll(() => registration.expiresAt, { timeout: 5_000 }).toBeGreaterThan(expiresAt)
    expect(changes).toEqual([])
    registration.stop()
  })

  test('a certificate for another name ends it before any AUTH', async () => {
    const port = uriOf(0).port
    const wrong = MsrpUri.parse(`msrps://elsewhere.localhost:${port};tcp`)
    await expect(register([wrong])).rejects.toMatchObject({ code: 'tls-name' })
  })
})
