// What the compiler lets users of `msrp/file` do, and what not. Checked by `npm run check`; nothing runs this.
import { FileStore, fileBody, fileHash, nodeFilePlatform, type Session } from 'msrp'
import { browserFilePlatform } from 'msrp/browser'
import {
  type FileDescription,
  type FileTarget,
  FileTransfers,
  isKnownHash,
  type LocalFile,
  type OfferedFile,
  parseFileDescription,
  parseFileSelector,
  type ReceivedFile,
  type ReceiveTransfer,
  receiveFile,
  type SendTransfer,
  selectorOf,
  sendFile,
} from 'msrp/file'
import { Negotiation } from 'msrp/sdp'
import { expectTypeOf } from 'vitest'

export function transfers(call: Negotiation): void {
  new FileTransfers({ platform: browserFilePlatform })
  const files = new FileTransfers({
    platform: nodeFilePlatform,
    media: { listen: {}, keepAlive: 30_000 },
    onOffered: async (offer) => void offer.take(await new FileStore('received').open(offer.selector)),
    onRequested: async (request) => {
      const [film] = await request.select([])
      expectTypeOf(film).toEqualTypeOf<LocalFile | undefined>()
      if (film === undefined) return request.refuse('Not here')
      expectTypeOf(request.give(film)).resolves.toEqualTypeOf<SendTransfer>()
      // @ts-expect-error what is asked for is given, not taken
      request.take(film)
    },
  })
  // It decides by itself what is a file, without being bound.
  new Negotiation({ prepare: () => Promise.reject() }, [], { onMedium: files.onMedium })
  expectTypeOf(files.offer(call, { body: 'x' })).resolves.toEqualTypeOf<SendTransfer>()
  // @ts-expect-error there is no hashing without a platform
  new FileTransfers({})
  // @ts-expect-error which way a file goes is not to be wished
  new FileTransfers({ platform: nodeFilePlatform, media: { direction: 'sendonly' } })
  // @ts-expect-error what is active is no one's to end by taking it out
  files.active.clear()
  // @ts-expect-error a file is taken in somewhere
  files.request(call, { name: 'film.mp4' })
  // @ts-expect-error whoever offers has the bytes
  files.offer(call, { name: 'film.mp4' })
}

export async function outcomes(offer: OfferedFile, target: FileTarget): Promise<void> {
  const taking = offer.take(target, { maxSize: 1_000_000, onProgress: ({ bytes, size = 0 }) => bytes / size })
  expectTypeOf(taking).toEqualTypeOf<ReceiveTransfer>()
  expectTypeOf(taking.role).toEqualTypeOf<'sender' | 'receiver'>()
  expectTypeOf(taking.done).resolves.toEqualTypeOf<ReceivedFile>()
  // Whether hashes were there to verify it, and where it is: what `finish` of the target gives is not known here.
  const { hashes, result } = await taking.done
  expectTypeOf(hashes).items.toEqualTypeOf<{ readonly algorithm: string; readonly digest: string }>()
  expectTypeOf(result).toEqualTypeOf<unknown>()
  taking.suspend()
  const sending = await new FileTransfers({ platform: nodeFilePlatform }).offer(new Negotiation(offering), { body: '' })
  expectTypeOf(sending.done).resolves.toEqualTypeOf<void>()
  // @ts-expect-error who sends keeps nothing for later: the receiver asks for the rest
  sending.suspend()
  // @ts-expect-error when a file ends is for those to say who transfer it
  taking.state = 'over'
}

declare const offering: ConstructorParameters<typeof Negotiation>[0]

export async function onSessions(session: Session): Promise<void> {
  const store = new FileStore('received')
  const target = await store.open({ name: 'film.mp4' })
  expectTypeOf(target).toExtend<FileTarget>()
  expectTypeOf(receiveFile(session, target, { createHash: fileHash })).resolves.toEqualTypeOf<ReceivedFile>()
  // @ts-expect-error what is received is verified
  receiveFile(session, target, {})
  const { delivered, abort } = sendFile(session, { body: await fileBody('film.mp4') }, { range: { start: 4097 } })
  expectTypeOf(delivered).resolves.toEqualTypeOf<void>()
  expectTypeOf(abort).toBeCallableWith('no more')
  // @ts-expect-error a range has a beginning
  sendFile(session, { body: '' }, { range: { stop: 4096 } })
  // @ts-expect-error a file goes out as what it is, under its own name
  sendFile(session, { body: '' }, { fileName: 'film.mp4' })
  // @ts-expect-error there are two words for what is to become of it
  sendFile(session, { body: '', disposition: 'inline' })
}

export function descriptions(): void {
  const description = parseFileDescription({ attribute: () => undefined })
  expectTypeOf(description).toEqualTypeOf<FileDescription | undefined>()
  expectTypeOf(parseFileSelector('').size).toEqualTypeOf<number | undefined>()
  const [hash] = selectorOf({ body: '' }).hashes ?? []
  // Others name whatever they like; what is known is one of ours.
  expectTypeOf(hash?.algorithm).toEqualTypeOf<string | undefined>()
  if (hash && isKnownHash(hash)) expectTypeOf(hash.algorithm).toExtend<'sha-1' | 'sha-256'>()
  // @ts-expect-error a hash function that nobody has here
  fileHash('md5')
  // @ts-expect-error a date is one, and no text
  selectorOf({ body: '', dates: { modification: '2026-01-01' } })
}
