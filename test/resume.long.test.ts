import { readFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Endpoint, type EndpointOptions, fileBody } from 'msrp'
import { FileTransfers, type LocalFile, type OfferedFile, type ReceiveTransfer, withHashes } from 'msrp/file'
import { FileStore, fileHash, nodeFilePlatform } from 'msrp/node'
import { Negotiation } from 'msrp/sdp'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { type RandomFile, sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { type RelayUser, startRelay, type TestRelay } from './support/relay.ts'
import { temporaryFolder, temporaryFolderOfFile } from './support/temporary-folder.ts'

const MiB = 1024 ** 2
const size = process.env.CI === 'true' ? 256 * MiB : 2048 * MiB

let file: RandomFile
let facts: Omit<LocalFile, 'body'>

beforeAll(async () => {
  file = await writeRandomFile(join(temporaryFolderOfFile(), 'huge.bin'), size)
  const body = await fileBody(file.path)
  const hashed = await withHashes({ body, name: 'huge.bin', type: 'application/x-huge' }, { createHash: fileHash })
  await body.close?.()
  const { body: _, ...rest } = hashed
  facts = rest
  expect(rest.hashes).toContainEqual({ algorithm: 'sha-256', digest: file.sha256 })
}, 300_000)

const openFile = async (): Promise<LocalFile> => ({ ...facts, body: await fileBody(file.path) })

interface Side {
  files: FileTransfers
  negotiation: Negotiation
}

/** One side of a call, through a relay. */
function side(
  relay: TestRelay,
  user: RelayUser,
  options: Partial<ConstructorParameters<typeof FileTransfers>[0]>,
): Side {
  const tls: EndpointOptions['tls'] = { ca: readFileSync(relay.ca, 'utf8') }
  // As docs/client.md has it for all that a client does.
  const endpoint = new Endpoint({ tls, resumeFor: 300_000, stallTimeout: 60_000 })
  onTestFinished(() => endpoint.close())
  const { uri } = relay
  const media = { relay: { uri, username: user.username, password: user.password } }
  const files = new FileTransfers({ platform: nodeFilePlatform, media, ...options })
  return { files, negotiation: new Negotiation(endpoint, [], { onMedium: files.onMedium }) }
}

async function exchange(from: Side, to: Side): Promise<void> {
  await from.negotiation.accept(await to.negotiation.answer(await from.negotiation.offer()))
}

/** Pushes the file and kills the relay half way; gives what the sender knows to have arrived. */
async function interrupted(folder: string): Promise<number> {
  const relay = await startRelay()
  const reported = Promise.withResolvers<void>()
  const killed = Promise.withResolvers<void>()
  let receiving: ReceiveTransfer | undefined
  const onOffered = async (offer: OfferedFile): Promise<void> => {
    const target = await new FileStore(folder).open(offer.selector)
    const write = target.write.bind(target)
    // REPORTs come once a second, and all of it may be through sooner.
    target.write = async (position, bytes) => {
      if (position > size / 2) await killed.promise
      await write(position, bytes)
    }
    receiving = offer.take(target)
  }
  const alice = side(relay, relay.alice, {})
  const bob = side(relay, relay.bob, { onOffered })
  const onProgress = ({ confirmed }: { confirmed: number }): void => {
    if (confirmed > size / 4) reported.resolve()
  }
  const sending = await alice.files.offer(alice.negotiation, await openFile(), { onProgress })
  await exchange(alice, bob)
  await reported.promise
  relay.program.kill('SIGKILL')
  await relay.program.exit()
  killed.resolve()
  await expect(sending.done).rejects.toMatchObject({ code: 'connection-lost' })
  await expect(receiving?.done).rejects.toMatchObject({ code: 'connection-lost' })
  const [part = ''] = (await readdir(folder)).filter((name) => name.endsWith('.part'))
  const stored = (await stat(join(folder, part))).size
  expect(sending.confirmed).toBeGreaterThan(size / 4)
  expect(sending.confirmed).toBeLessThanOrEqual(stored)
  expect(stored).toBeLessThan(size)
  return sending.confirmed
}

async function expectWhole(folder: string): Promise<void> {
  expect(await readdir(folder)).toEqual(['huge.bin'])
  expect(await sha256OfFile(join(folder, 'huge.bin'))).toBe(file.sha256)
}

test(`${size / MiB} MiB whose relay is killed half way arrive: the sender offers the rest`, async () => {
  const folder = temporaryFolder()
  const confirmed = await interrupted(folder)
  const relay = await startRelay()
  let receiving: ReceiveTransfer | undefined
  const onOffered = async (offer: OfferedFile): Promise<void> => {
    receiving = offer.take(await new FileStore(folder).open(offer.selector))
  }
  const alice = side(relay, relay.alice, {})
  const bob = side(relay, relay.bob, { onOffered })
  const sending = await alice.files.offer(alice.negotiation, await openFile(), { range: { start: confirmed + 1 } })
  await exchange(alice, bob)
  await sending.done
  expect(await receiving?.done).toMatchObject({ complete: true, hashes: facts.hashes })
  await expectWhole(folder)
})

test(`${size / MiB} MiB whose relay is killed half way arrive: the receiver asks for the rest`, async () => {
  const folder = temporaryFolder()
  await interrupted(folder)
  const relay = await startRelay()
  const alice = side(relay, relay.alice, {
    onRequested: async (request) => void (await request.give(await openFile())),
  })
  const bob = side(relay, relay.bob, {})
  const selector = { name: 'huge.bin', type: 'application/x-huge', size, hashes: facts.hashes ?? [] }
  const target = await new FileStore(folder).open(selector)
  expect(target.stored).toBeGreaterThan(size / 4)
  const receiving = bob.files.request(bob.negotiation, selector, target)
  await exchange(bob, alice)
  expect(await receiving.done).toMatchObject({ complete: true, hashes: facts.hashes })
  await expectWhole(folder)
})
