// What the compiler lets users of `msrp` do, and what not. Checked with all other types by `npm run check`; nothing runs this.
import {
  connect,
  Endpoint,
  fileBody,
  type IncomingMessage,
  type Listener,
  listen,
  type MessageBody,
  MsrpError,
  type MsrpErrorCode,
  type OutgoingMessage,
  type PreparedSession,
  prepare,
  type RandomAccessBody,
  type Session,
  type SessionEnd,
  type Verdict,
} from 'msrp'
import { expectTypeOf } from 'vitest'

export async function whatIsGivenBack(): Promise<void> {
  expectTypeOf(connect({ path: '' })).resolves.toEqualTypeOf<Session>()
  expectTypeOf(prepare()).resolves.toEqualTypeOf<PreparedSession>()
  expectTypeOf(listen()).resolves.toEqualTypeOf<Listener>()
  expectTypeOf(fileBody('film.mp4')).resolves.toEqualTypeOf<RandomAccessBody>()
  const endpoint = new Endpoint()
  expectTypeOf(endpoint.connect({ path: '' })).resolves.toEqualTypeOf<Session>()
  expectTypeOf(endpoint.listen()).resolves.toEqualTypeOf<Listener>()
}

export async function loops(listener: Listener, prepared: PreparedSession): Promise<void> {
  for await (const session of listener) {
    expectTypeOf(session).toEqualTypeOf<Session>()
    for await (const message of session) expectTypeOf(message).toEqualTypeOf<IncomingMessage>()
  }
  for await (const session of prepared.sessions()) expectTypeOf(session).toEqualTypeOf<Session>()
  // @ts-expect-error a session gives its messages over time
  for (const message of await listener[Symbol.asyncIterator]().next()) console.log(message)
}

export async function disposing(): Promise<void> {
  await using endpoint = new Endpoint()
  await using session = await endpoint.connect({ path: '' })
  await using prepared = await endpoint.prepare()
  await using listener = await endpoint.listen()
  console.log(session, prepared, listener)
}

export function sending(session: Session): void {
  expectTypeOf(session.send('Hello')).toEqualTypeOf<OutgoingMessage>()
  expectTypeOf<string>().toExtend<MessageBody>()
  expectTypeOf<Uint8Array>().toExtend<MessageBody>()
  expectTypeOf<Blob>().toExtend<MessageBody>()
  expectTypeOf<File>().toExtend<MessageBody>()
  expectTypeOf<ReadableStream<Uint8Array>>().toExtend<MessageBody>()
  expectTypeOf<AsyncGenerator<string>>().toExtend<MessageBody>()
  // @ts-expect-error a number is no body
  session.send(42)
  // @ts-expect-error nor is nothing
  session.send()
  // @ts-expect-error there are three words for Failure-Report
  session.send('Hello', { failureReport: 'maybe' })
  // @ts-expect-error an option that does not exist, such as this misspelt one
  session.send('Hello', { contenttype: 'text/plain' })
  // @ts-expect-error what has been sent is not for others to change
  session.send('Hello').messageId = 'x'
}

export async function reading(message: IncomingMessage): Promise<void> {
  expectTypeOf(message.text()).resolves.toEqualTypeOf<string>()
  expectTypeOf(message.bytes()).resolves.toExtend<Uint8Array>()
  expectTypeOf(message.stream()).toEqualTypeOf<ReadableStream<Uint8Array>>()
  expectTypeOf(message.size).toEqualTypeOf<number | undefined>()
  expectTypeOf(message.fileName).toEqualTypeOf<string | undefined>()
  // A file has a path, a sink of one's own whatever its `finish` gives.
  expectTypeOf(message.saveTo('film.mp4')).resolves.toEqualTypeOf<string>()
  const sink = { write: async () => {}, finish: async () => {}, discard: async () => {} }
  expectTypeOf(message.saveTo(sink)).resolves.toEqualTypeOf<void>()
  expectTypeOf(message.saveTo({ ...sink, finish: async (size: number) => ({ size }) })).resolves.toEqualTypeOf<{
    size: number
  }>()
  // @ts-expect-error a sink that cannot be told of the end
  await message.saveTo({ write: async () => {} })
}

export function options(): void {
  // @ts-expect-error there is nobody to connect to
  connect({})
  // @ts-expect-error a relay has to have a URI
  connect({ path: '', relay: { username: 'alice', password: 'secret' } })
  // @ts-expect-error who calls does not listen
  connect({ path: '', listen: {} })
  // @ts-expect-error a listener takes the first who comes, always
  listen({ remotePath: 'strict' })
  // @ts-expect-error a limit that does not exist
  prepare({ limits: { windows: 1 } })
  // What decides on a message may take its time; what it says is one of three things.
  prepare({ onRequest: () => 'accept' })
  prepare({ onRequest: async ({ size = 0 }, firstBytes) => (size > firstBytes.length ? 413 : 'accept') })
  prepare({ onRequest: () => ({ status: 403, comment: 'Not here' }) })
  // @ts-expect-error not a word that means anything
  prepare({ onRequest: () => 'reject' })
  expectTypeOf<'accept' | 403>().toExtend<Verdict>()
}

export async function ends(session: Session): Promise<void> {
  const end = await session.closed
  expectTypeOf(end).toEqualTypeOf<SessionEnd>()
  expectTypeOf(end.by).toEqualTypeOf<'local' | 'peer' | 'failure'>()
  expectTypeOf(end.error).toEqualTypeOf<MsrpError | undefined>()
  expectTypeOf(session.state).toEqualTypeOf<'open' | 'closing' | 'closed'>()
}

export function errors(error: unknown): string {
  if (!(error instanceof MsrpError)) throw error
  expectTypeOf(error.code).toEqualTypeOf<MsrpErrorCode>()
  expectTypeOf(error.status).toEqualTypeOf<number | undefined>()
  switch (error.code) {
    case 'refused':
      expectTypeOf(error.code).toEqualTypeOf<'refused'>()
      return `refused: ${error.status}`
    // @ts-expect-error no error has this code
    case 'not-found':
      return 'never'
    case 'timeout':
    case 'connection-lost':
      expectTypeOf(error.code).toEqualTypeOf<'timeout' | 'connection-lost'>()
      return 'later'
    default:
      // The set grows: a switch without this compiles today and not with the next version.
      expectTypeOf(error.code).toEqualTypeOf<Exclude<MsrpErrorCode, 'refused' | 'timeout' | 'connection-lost'>>()
      return error.message
  }
}
