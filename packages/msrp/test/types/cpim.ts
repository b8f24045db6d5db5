// What the compiler lets users of `msrp/cpim` do, and what not. Checked by `npm run check`; nothing runs this.
import type { IncomingMessage, RandomAccessBody, StreamBody, Verdict } from 'msrp'
import { connect } from 'msrp'
import { buildCpim, type CpimHead, cpimEnvelope, cpimVerdict, openCpim, parseCpim } from 'msrp/cpim'
import { expectTypeOf } from 'vitest'

const parts = { from: 'sip:alice@example.com', to: 'sip:bob@example.com' }

export function writing(body: RandomAccessBody, stream: ReadableStream<Uint8Array>): void {
  // What is there as a whole gives bytes; what is read later gives a body that is read later.
  expectTypeOf(buildCpim(parts, 'Hello')).toExtend<Uint8Array>()
  expectTypeOf(buildCpim(parts, body)).toExtend<RandomAccessBody>()
  expectTypeOf(buildCpim(parts, stream)).toExtend<StreamBody | ReadableStream<Uint8Array>>()
  // @ts-expect-error a message is from somebody
  buildCpim({ to: 'sip:bob@example.com' }, 'Hello')
  // @ts-expect-error a number could be seconds or milliseconds
  buildCpim({ ...parts, dateTime: 1767312000 }, 'Hello')
  // @ts-expect-error a header has a name and a value
  buildCpim({ ...parts, headers: [['imdn.Message-ID']] }, 'Hello')
}

export async function reading(message: IncomingMessage): Promise<void> {
  const { head, text, stream } = await openCpim(message)
  expectTypeOf(head).toEqualTypeOf<CpimHead>()
  expectTypeOf(text()).resolves.toEqualTypeOf<string>()
  expectTypeOf(stream()).toEqualTypeOf<ReadableStream<Uint8Array>>()
  expectTypeOf(head.dateTime).toEqualTypeOf<Date | undefined>()
  expectTypeOf(head.subject('de')).toEqualTypeOf<string | undefined>()
  expectTypeOf(parseCpim(new Uint8Array()).head).toEqualTypeOf<CpimHead>()
}

export function deciding(): void {
  connect({ path: '', onRequest: (request, firstBytes) => cpimVerdict(request, firstBytes) })
  expectTypeOf(cpimVerdict).returns.toExtend<Verdict>()
  connect({ path: '', envelope: cpimEnvelope(parts) })
  connect({ path: '', envelope: cpimEnvelope(() => ({ ...parts, dateTime: new Date() })) })
}
