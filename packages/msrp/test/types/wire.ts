// What the compiler lets users of `msrp/wire` and `msrp/connection` do, and what not. Checked by `npm run check`; nothing runs this.
import { type Clock, MsrpConnection, type MsrpConnectionHandler, type Transport } from 'msrp/connection'
import { type ByteRange, ChunkParser, encodeRequest, type Head, MsrpUri, parseByteRange } from 'msrp/wire'
import { expectTypeOf } from 'vitest'

export function reading(head: Head): void {
  // A head is told by its kind.
  if (head.kind === 'request') {
    expectTypeOf(head.method).toEqualTypeOf<string>()
    // @ts-expect-error only a response has a status
    console.log(head.status)
  } else {
    expectTypeOf(head.status).toEqualTypeOf<number>()
    // @ts-expect-error only a request has a method
    console.log(head.method)
  }
  expectTypeOf(head.fields.get('Message-ID')).toEqualTypeOf<string | undefined>()
  // @ts-expect-error a parser needs somebody to tell of the end
  new ChunkParser({ onHead: () => {}, onBody: () => {} })
}

export function writing(): void {
  const uri = MsrpUri.parse('msrp://a.example:1/b;tcp')
  expectTypeOf(
    encodeRequest({ transactionId: 'abcd', method: 'SEND', toPath: [uri], fromPath: [uri] }),
  ).toExtend<Uint8Array>()
  // @ts-expect-error a path is of URIs that have been read, not of texts
  encodeRequest({ transactionId: 'abcd', method: 'SEND', toPath: ['msrp://a.example:1/b;tcp'], fromPath: [uri] })
  // @ts-expect-error a URI is made by `parse` or `build`
  new MsrpUri('msrp://a.example:1/b;tcp')
  // @ts-expect-error and does not change
  uri.host = 'b.example'
  expectTypeOf(parseByteRange('1-*/5')).toEqualTypeOf<ByteRange>()
}

export function connecting(transport: Transport, clock: Clock, handler: MsrpConnectionHandler<string>): void {
  const random = (size: number): Uint8Array => new Uint8Array(size)
  const connection = new MsrpConnection({ transport, clock, random, reader: ChunkParser, handler })
  // What is remembered of a request is what the handler gets back.
  expectTypeOf(connection.transactions.records()).toEqualTypeOf<string[]>()
  connection.sendRequest('abcd', new Uint8Array(), 'of a file')
  // @ts-expect-error and nothing else
  connection.sendRequest('abcd', new Uint8Array(), 42)
}
