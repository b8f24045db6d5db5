import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issueCertificate } from 'msrp-relay/certificates'
import { beforeAll, describe, expect, test } from 'vitest'
import { startMsrp } from './support/process.ts'
import { sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { newAuthority, startRelay, type TestAuthority, type TestRelay } from './support/relay.ts'
import { temporaryFolder, temporaryFolderOfFile } from './support/temporary-folder.ts'
import { eventsNamed, expectExit, filesIn, nextEvent, pathOf, startReceiver, startSender } from './support/transfer.ts'

// A receiver behind two relays: it logs in to the first, and through it to the second, which the first one shows its
// certificate. Peers see the second one only.

const password = 'correct horse'

let passwordFile: string
let authority: TestAuthority
let inner: TestRelay
let outer: TestRelay
/** What carol, who is a user of both relays, needs to log in to both. */
let chained: string[]
/** What dave, who is a user of the outer one, needs to log in there. */
let single: string[]

beforeAll(async () => {
  authority = await newAuthority()
  const relays = ['relay-a.localhost', 'relay-b.localhost'].map((name) =>
    startRelay({ name, authority, lifetime: 'file' }),
  )
  ;[inner, outer] = (await Promise.all(relays)) as [TestRelay, TestRelay]
  passwordFile = join(temporaryFolderOfFile(), 'password')
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  for (const relay of [inner, outer]) await addCarol(relay)
  const dave = await outer.addUser('dave')
  chained = through([inner, outer], inner.ca)
  single = outer.options(dave)
})

describe('behind two relays', () => {
  test('a path begins with the outer one, and holds a token of each', async () => {
    const carol = await startReceiver({ receiver: chained, sender: [] })
    const path = carol.to[1]?.split(' ').map((uri) => /^msrps:\/\/([^/:]+)(:\d+)?\/.{22,};tcp$/.exec(uri)?.[1])
    expect(path?.slice(0, 2)).toEqual(['relay-b.localhost', 'relay-a.localhost'])
    expect(path).toHaveLength(3)
  })

  test.each([
    ['somebody without a relay', () => ['--ca', outer.ca]],
    ['a user of the outer relay', () => single],
    ['somebody behind the same two relays', () => chained],
    ['somebody behind the same two relays the other way round', () => through([outer, inner], inner.ca)],
  ])('texts and a file arrive from %s', async (_, sender) => {
    const carol = await startReceiver({ receiver: chained, sender: sender() }, { args: ['--count', '2'] })
    const file = await writeRandomFile(join(temporaryFolder(), 'eight.bin'), 8 << 20)
    const dave = startSender(['--text', 'hello carol', file.path], carol)
    await expectExit(dave)
    await expectExit(carol.program)
    expect(eventsNamed(carol.program, 'message').map(({ text }) => text)).toEqual(['hello carol', null])
    expect(filesIn(carol.folder)).toEqual(['eight.bin'])
    expect(await sha256OfFile(join(carol.folder, 'eight.bin'))).toBe(file.sha256)
  })

  test('a chat carries texts and files both ways', async () => {
    const [atCarol, atDave] = [temporaryFolder(), temporaryFolder()]
    const way = { receiver: chained, sender: single }
    const carol = startMsrp(['chat', '--json', ...way.receiver], { cwd: atCarol })
    const dave = startMsrp(['chat', '--json', ...(await pathOf(carol, way))], { cwd: atDave })
    const toCarol = await writeRandomFile(join(atDave, 'to-carol.bin'), 6 << 20, 1)
    const toDave = await writeRandomFile(join(atCarol, 'to-dave.bin'), 6 << 20, 2)
    await dave.write('hello carol\n')
    await nextEvent(carol, ({ text }) => text === 'hello carol')
    await carol.write('hello dave\n/send to-dave.bin\n')
    await dave.write('/send to-carol.bin\nit is on its way\n')
    await nextEvent(carol, ({ text }) => text === 'it is on its way')
    await nextEvent(dave, ({ text }) => text === 'hello dave')
    expect((await nextEvent(carol, ({ name, event }) => isMessage(event, name, 'to-carol.bin'))).sha256).toBe(
      toCarol.sha256,
    )
    expect((await nextEvent(dave, ({ name, event }) => isMessage(event, name, 'to-dave.bin'))).sha256).toBe(
      toDave.sha256,
    )
    dave.end()
    await expectExit(dave)
    await carol.write('/quit\n')
    await expectExit(carol)
  })

  test('a sender is told when the receiver is gone', async () => {
    const carol = await startReceiver({ receiver: chained, sender: single })
    await carol.program.stop()
    const dave = startSender(['--text', 'hello carol'], carol)
    const { code } = await dave.exit()
    expect(code, dave.describe()).toBeOneOf([10, 11])
  })

  test('a wrong password for the outer relay alone is told as one', async () => {
    const erin = await inner.addUser('erin')
    const relays = `${inner.uri} ${outer.uri}`
    const options = inner.options(erin).map((word) => (word === inner.uri ? relays : word))
    await expectExit(startMsrp(['receive', '--json', ...options]), 9)
  })
})

describe('a relay in front of another one is refused', () => {
  test('when it has a certificate for another name (RFC4976-9.2-5)', async () => {
    const certificate = await issueCertificate({ names: ['other.localhost'], ca: authority })
    const impostor = await outer.connect({ certificate })
    const fromPath = ['msrps://relay-c.localhost:2855/token;tcp', impostor.uri]
    const asked = async (): Promise<number> => {
      return (await impostor.response(impostor.request('AUTH', { toPath: [outer.uri], fromPath }))).head.status
    }
    expect(await asked()).toBe(403)
    fromPath[0] = 'msrps://other.localhost:2855/token;tcp'
    expect(await asked()).toBe(401)
  })

  test('when it has a certificate of an unknown authority (RFC4976-9.2-5)', async () => {
    const certificate = { authority: await newAuthority() }
    const impostor = await startRelay({ name: 'relay-c.localhost', authority, certificate })
    await addCarol(impostor)
    // Its own clients trust it; what the next relay thinks of it is what counts here.
    const options = through([impostor, outer], inner.ca).map((word) => (word === inner.ca ? '--insecure' : word))
    const carol = startMsrp(['receive', '--json', ...options.filter((word) => word !== '--ca')])
    await expectExit(carol, 11)
    expect(carol.stderr.text).toMatch(/403/)
  })

  test('and refuses a next one that is not what its name says (RFC4976-9.2-7)', async () => {
    const certificate = { authority: await newAuthority() }
    const impostor = await startRelay({ name: 'relay-d.localhost', authority, certificate })
    const carol = startMsrp(['receive', '--json', ...through([inner, impostor], inner.ca)])
    await expectExit(carol, 11)
  })
})

/** Options of carol, who logs in to several relays, the nearest first. */
function through(relays: readonly TestRelay[], ca: string): string[] {
  const uris = relays.map(({ uri }) => uri).join(' ')
  return ['--relay', uris, '--user', 'carol', '--password-file', passwordFile, '--ca', ca]
}

async function addCarol(relay: TestRelay): Promise<void> {
  const command = relay.user(['add', `carol@${relay.name}`], `${password}\n`)
  await expectExit(command)
}

function isMessage(event: string, name: unknown, wanted: string): boolean {
  return event === 'message' && name === wanted
}
