// What the compiler lets users of `msrp/multipart` do, and what not. Checked by `npm run check`; nothing runs this.
import { connect, type IncomingMessage, type MessageBody, type RandomAccessBody, type Session } from 'msrp'
import { openCpim } from 'msrp/cpim'
import {
  bestPart,
  buildMultipart,
  type JoinedContent,
  type Multipart,
  type MultipartPart,
  multipartContainer,
  type OpenedPart,
  openMultipart,
  partOfUrl,
  readMultipart,
  signedContent,
  smimeAcceptTypes,
  takesSmime,
} from 'msrp/multipart'
import { expectTypeOf } from 'vitest'

export function writing(session: Session, file: RandomAccessBody, blob: Blob): void {
  // Bytes of what is there as a whole; a body that is read later as soon as one part is.
  const { body, contentType } = buildMultipart('mixed', [{ content: 'a' }, { content: new Uint8Array() }])
  expectTypeOf(body).toEqualTypeOf<Uint8Array>()
  expectTypeOf(contentType).toEqualTypeOf<string>()
  expectTypeOf(buildMultipart('mixed', [{ content: 'a' }, { content: file }]).body).toEqualTypeOf<JoinedContent>()
  expectTypeOf(
    buildMultipart('mixed', [{ whole: new Uint8Array() }, { content: blob }]).body,
  ).toEqualTypeOf<JoinedContent>()
  expectTypeOf(buildMultipart('signed', [{ whole: new Uint8Array() }]).body).toEqualTypeOf<Uint8Array>()
  // Either can be sent, and be a part of another one.
  expectTypeOf<JoinedContent>().toExtend<MessageBody>()
  session.send(body, { contentType })
  buildMultipart('mixed', [{ content: buildMultipart('related', [{ content: file }]).body }])
  // @ts-expect-error a part has content
  buildMultipart('mixed', [{ contentType: 'text/plain' }])
  // @ts-expect-error which is no number
  buildMultipart('mixed', [{ content: 42 }])
  // @ts-expect-error a misspelt option of a part
  buildMultipart('mixed', [{ content: 'a', filename: 'a.txt' }])
  // @ts-expect-error a field has a name and a value
  buildMultipart('mixed', [{ content: 'a', fields: [['Content-Language']] }])
}

export async function opening(message: IncomingMessage): Promise<void> {
  for await (const part of openMultipart(message, { signal: AbortSignal.timeout(30_000) })) {
    expectTypeOf(part).toEqualTypeOf<OpenedPart>()
    expectTypeOf(part.text()).resolves.toEqualTypeOf<string>()
    // What lies inside is opened the same way.
    openMultipart(part)
    await openCpim(part)
  }
  openMultipart(await openCpim(message))
  // @ts-expect-error parts come over time
  for (const part of openMultipart(message)) console.log(part)
  // @ts-expect-error bytes are for `parseMultipart`
  openMultipart(new Uint8Array())
}

export async function reading(message: IncomingMessage): Promise<void> {
  const multipart = await readMultipart(message, { contentBytes: 1 << 20 })
  expectTypeOf(multipart).toEqualTypeOf<Multipart>()
  // The kind of parts comes back, and there may be none.
  const best = bestPart(multipart.parts, ['text/plain'])
  expectTypeOf(best).toEqualTypeOf<MultipartPart | undefined>()
  expectTypeOf(bestPart([{ contentType: 'a/b', mine: 1 }], ({ mine }) => mine > 0)?.mine).toEqualTypeOf<
    number | undefined
  >()
  // All of it is here, so nothing is waited for.
  expectTypeOf(best?.text()).toEqualTypeOf<string | undefined>()
  expectTypeOf(partOfUrl(multipart, 'cid:a')).toEqualTypeOf<MultipartPart | undefined>()
  expectTypeOf(signedContent(multipart).signed).toEqualTypeOf<Uint8Array>()
  // @ts-expect-error what was read stays as it came
  multipart.parts.reverse()
  // @ts-expect-error with all of its parameters
  multipart.parameters.delete('boundary')
  // @ts-expect-error a part of what has been opened is no whole one
  partOfUrl(openMultipart(message), 'cid:a')
}

export function types(peerAcceptTypes: readonly string[]): void {
  connect({ path: '', containers: [multipartContainer], acceptWrappedTypes: ['text/plain'] })
  expectTypeOf(takesSmime(peerAcceptTypes, 'signed-data')).toEqualTypeOf<'yes' | 'perhaps' | 'no'>()
  expectTypeOf(smimeAcceptTypes('all')).toEqualTypeOf<string[]>()
  // @ts-expect-error that is a media type, and the question is which kind of S/MIME
  takesSmime(peerAcceptTypes, 'application/pkcs7-mime')
  // @ts-expect-error one by one
  smimeAcceptTypes('signed-data')
}
