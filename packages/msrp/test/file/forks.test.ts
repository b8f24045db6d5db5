import { afterEach, describe, expect, test } from 'vitest'
import {
  type FileTransfer,
  FileTransfers,
  type FileTransfersOptions,
  type LocalFile,
  withHashes,
} from '../../src/file/index.ts'
import { fileHash } from '../../src/node/index.ts'
import { Negotiation } from '../../src/sdp/index.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import { settled } from '../session/raw-peer.ts'
import { failure, pattern } from '../session/stage.ts'
import { Call, lines } from './call.ts'
import { MemoryTarget } from './memory-target.ts'

// RFC 4975 §8.8: SIP brings one offer to several phones, and each that answers begins a dialog of its own.

const bytes = pattern(50_000)
const file: LocalFile = await withHashes(
  { body: bytes, name: 'picture.jpg', type: 'image/jpeg' },
  { createHash: fileHash },
)

let call: Call
afterEach(() => call.close())

/** A phone of Bob's, and what it took. */
interface Phone {
  negotiation: Negotiation
  targets: MemoryTarget[]
}

function phone(options: Partial<FileTransfersOptions> = {}): Phone {
  const { platform } = call.bob
  const { clock, random } = platform
  const targets: MemoryTarget[] = []
  const files = new FileTransfers({
    platform: { createHash: fileHash, random: (size) => crypto.getRandomValues(new Uint8Array(size)), clock },
    media: { listen: {} },
    onOffered: (offer) => {
      targets.push(new MemoryTarget())
      offer.take(targets.at(-1)!)
    },
    onRequested: async (request) => void (await request.give(file)),
    ...options,
  })
  const negotiation = new Negotiation(new MsrpEndpoint(platform, {}), [], { onMedium: files.onMedium, clock, random })
  return { negotiation, targets }
}

interface Forked {
  transfer: FileTransfer
  of: FileTransfer
}

function forking(): Forked[] {
  const forked: Forked[] = []
  call = new Call({ alice: { onForked: (transfer, of) => forked.push({ transfer, of }) } })
  return forked
}

/** Bob's phones answer one offer, each in a dialog of its own. */
async function answered(...phones: Phone[]): Promise<Negotiation[]> {
  const { negotiation } = call.alice
  const offer = await negotiation.offer()
  const answers = await Promise.all(phones.map((one) => one.negotiation.answer(offer)))
  const dialogs = phones.map((_, index) => (index === 0 ? negotiation : negotiation.fork()))
  await Promise.all(dialogs.map((dialog, index) => dialog.accept(answers[index]!)))
  return dialogs
}

describe('A file in an offer that several answer', () => {
  test('goes to each of them', async () => {
    const forked = forking()
    const sending = await call.alice.files.offer(call.alice.negotiation, file)
    const phones = [phone(), phone()]
    await answered(...phones)
    await sending.done
    expect(forked).toEqual([{ transfer: expect.anything(), of: sending }])
    await forked[0]!.transfer.done
    for (const { targets } of phones) expect(targets.map((target) => target.bytes)).toEqual([bytes])
    expect(forked[0]!.transfer.description).toEqual(sending.description)
    expect(call.alice.files.active.size).toBe(0)
  })

  test('goes to one that answers when another one has refused it', async () => {
    const forked = forking()
    const sending = await call.alice.files.offer(call.alice.negotiation, file)
    const offer = await call.alice.negotiation.offer()
    const [deskPhone, mobile] = [phone({ onOffered: () => {} }), phone()]
    const refused = deskPhone.negotiation.refuse(offer)
    expect(await failure(call.alice.negotiation.accept(refused))).toMatchObject({ code: 'not-acceptable' })
    expect(await failure(sending.done)).toMatchObject({ code: 'not-acceptable' })
    await call.alice.negotiation.fork().accept(await mobile.negotiation.answer(offer))
    await forked[0]!.transfer.done
    expect(mobile.targets.map((target) => target.bytes)).toEqual([bytes])
  })

  test('that was aborted here goes to none that answers later', async () => {
    const forked = forking()
    const sending = await call.alice.files.offer(call.alice.negotiation, file)
    const offer = await call.alice.negotiation.offer()
    const late = phone()
    const answer = await late.negotiation.answer(offer)
    sending.abort()
    const fork = call.alice.negotiation.fork()
    await fork.accept(answer)
    expect(await failure(forked[0]!.transfer.done)).toMatchObject({ code: 'aborted' })
    await settled()
    expect(late.targets.map(({ bytes: { length } }) => length)).toEqual([0])
    expect(lines(await fork.offer(), 'm')).toEqual(['m=message 0 TCP/MSRP *'])
    expect(call.alice.files.active.size).toBe(0)
  })

  test('is the same transfer there when its description comes again', async () => {
    const forked = forking()
    const read = async (): Promise<Uint8Array> => new Promise(() => {})
    await call.alice.files.offer(call.alice.negotiation, { ...file, body: { size: bytes.length, read } })
    const phones = [phone(), phone()]
    const [, fork] = await answered(...phones)
    await settled()
    const answer = await fork!.answer(await phones[1]!.negotiation.offer())
    expect(lines(answer, 'm')[0]).not.toContain('message 0')
    expect(forked[0]!.transfer.state).toBe('transferring')
  })

  test('that can be read once goes to the first, and is over for the others', async () => {
    const forked = forking()
    const stream = (async function* () {
      yield bytes
    })()
    const sending = await call.alice.files.offer(call.alice.negotiation, { body: stream, type: 'image/jpeg' })
    const phones = [phone(), phone()]
    const [, fork] = await answered(...phones)
    await sending.done
    expect(phones[0]!.targets[0]!.bytes).toEqual(bytes)
    expect(await failure(forked[0]!.transfer.done)).toMatchObject({ code: 'aborted' })
    await settled()
    expect(call.alice.due).toContain(forked[0]!.transfer)
    const offer = await fork!.offer()
    expect(lines(offer, 'm', 'file-transfer-id')).toEqual([
      'm=message 0 TCP/MSRP *',
      `a=file-transfer-id:${sending.description.transferId}`,
    ])
    expect(call.alice.files.active.size).toBe(0)
  })

  test('that is asked for comes from the first, and is over for the others', async () => {
    const forked = forking()
    const target = new MemoryTarget()
    const { hashes = [] } = file
    const receiving = call.alice.files.request(call.alice.negotiation, { hashes }, target)
    const [, fork] = await answered(phone(), phone())
    expect(await receiving.done).toMatchObject({ complete: true })
    expect(target.bytes).toEqual(bytes)
    expect(await failure(forked[0]!.transfer.done)).toMatchObject({ code: 'aborted' })
    await settled()
    expect(lines(await fork!.offer(), 'm')).toEqual(['m=message 0 TCP/MSRP *'])
    expect(call.alice.files.active.size).toBe(0)
  })

  test('ends with its dialog, where nobody answers there', async () => {
    const forked = forking()
    const sending = await call.alice.files.offer(call.alice.negotiation, file)
    await call.alice.negotiation.offer()
    const fork = call.alice.negotiation.fork()
    await fork.close()
    expect(await failure(forked[0]!.transfer.done)).toMatchObject({ code: 'closed' })
    expect(sending.state).toBe('agreeing')
    expect(call.alice.files.active).toEqual(new Set([sending]))
  })
})
