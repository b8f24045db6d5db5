import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Disposition } from '../../src/imdn/disposition.ts'
import { buildImdn, type Imdn, parseImdn } from '../../src/imdn/imdn.ts'
import { readImdns } from '../../src/imdn/read-imdns.ts'
import { buildMultipart } from '../../src/multipart/index.ts'
import type { MsrpError } from '../../src/wire/index.ts'
import { readXml } from '../../src/xml/read.ts'
import { Arriving } from '../mime/arriving.ts'
import { oddText } from '../xml/odd-text.ts'
import { fromPeers } from './from-peers.ts'

/** What a notification says, in one line. */
function said({ messageId, dateTime, recipientUri, originalRecipientUri, subject, disposition, reason }: Imdn): string {
  return [
    messageId,
    dateTime,
    recipientUri ?? '-',
    originalRecipientUri ?? '-',
    ...(subject === undefined ? [] : [`${subject.text} in ${subject.language ?? 'no language'}`]),
    disposition === undefined ? 'unknown' : `${disposition.type} ${disposition.status}`,
    ...(reason === undefined ? [] : [`${reason.code} ${reason.text}`]),
  ].join(' | ')
}

describe('an IMDN of', () => {
  test.each(fromPeers)('$peer is read', ({ xml, says }) => {
    expect(parseImdn(xml).map(said)).toEqual(says)
  })
})

describe('what is no IMDN is malformed:', () => {
  const ns = 'xmlns="urn:ietf:params:xml:ns:imdn"'
  test.each([
    [
      'another document',
      '<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"/>',
      /no IMDN but "isComposing" of "urn:ietf:params:xml:ns:im-iscomposing"$/,
    ],
    ['the right name in another namespace', '<imdn xmlns="urn:x"/>', /no IMDN/],
    [
      'the right name in no namespace',
      '<imdn><message-id>a</message-id></imdn>',
      /no IMDN but "imdn" of no namespace$/,
    ],
    ['one about no message', `<imdn ${ns}><datetime>x</datetime></imdn>`, /no message-id/],
    [
      'one about a message in another namespace',
      `<imdn ${ns}><message-id xmlns="u:x">a</message-id></imdn>`,
      /no message-id/,
    ],
    ['one with a document type', `<!DOCTYPE imdn><imdn ${ns}><message-id>a</message-id></imdn>`, /document type/],
  ])('%s', (_, xml, message) => {
    expect(() => parseImdn(xml)).toThrow(
      expect.objectContaining({ code: 'malformed', message: expect.stringMatching(message) }),
    )
  })

  test('and extensions of others are passed over, and left to the application', () => {
    const [imdn] = parseImdn(
      `<imdn ${ns} xmlns:x="u:x"><x:message-id>b</x:message-id><message-id>a</message-id><datetime/><display-notification>
       <x:status><displayed/></x:status><status><x:displayed/><error/></status></display-notification><x:y>z</x:y></imdn>`,
    )
    expect(imdn).toMatchObject({ messageId: 'a', disposition: { type: 'display', status: 'error' } })
    expect(imdn?.element.child('y', 'u:x')?.text).toBe('z')
  })
})

const dispositions: Disposition[] = [
  ...(['delivered', 'failed', 'forbidden', 'error'] as const).map((status) => ({ type: 'delivery' as const, status })),
  ...(['displayed', 'forbidden', 'error'] as const).map((status) => ({ type: 'display' as const, status })),
  ...(['processed', 'stored', 'forbidden', 'error'] as const).map((status) => ({
    type: 'processing' as const,
    status,
  })),
]

describe('an IMDN is written', () => {
  test('as the schema has it: XML 1.0, UTF-8, in its order (RFC5438-11.1-1, RFC5438-11.1-2)', () => {
    expect(
      buildImdn({
        messageId: '34jk324j',
        dateTime: '2008-04-04T12:16:49-05:00',
        recipientUri: 'im:bob@example.com',
        originalRecipientUri: 'im:list@example.com',
        subject: { text: 'Grüße & <mehr>', language: 'de' },
        disposition: { type: 'delivery', status: 'delivered' },
      }),
    ).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\r\n' +
        '<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>34jk324j</message-id>' +
        '<datetime>2008-04-04T12:16:49-05:00</datetime><recipient-uri>im:bob@example.com</recipient-uri>' +
        '<original-recipient-uri>im:list@example.com</original-recipient-uri>' +
        '<subject xml:lang="de">Grüße &amp; &lt;mehr&gt;</subject>' +
        '<delivery-notification><status><delivered/></status></delivery-notification></imdn>\r\n',
    )
  })

  test.each(dispositions)('that says $type $status, and read again', (disposition) => {
    const xml = buildImdn({ messageId: 'a', dateTime: 'then', disposition })
    expect(parseImdn(xml)).toEqual([expect.objectContaining({ messageId: 'a', dateTime: 'then', disposition })])
  })

  test('with both URIs or none, and a subject only with them (RFC5438-11.1-1)', () => {
    const base = { messageId: 'a', dateTime: '', disposition: dispositions[0]! }
    const names = (xml: string): string[] => readXml(xml).children.map(({ name }) => name)
    const both = ['message-id', 'datetime', 'recipient-uri', 'original-recipient-uri']
    expect(names(buildImdn({ ...base, recipientUri: 'im:b' }))).toEqual([...both, 'delivery-notification'])
    expect(names(buildImdn({ ...base, originalRecipientUri: 'im:b', subject: { text: 'x' } }))).toEqual([
      ...both,
      'subject',
      'delivery-notification',
    ])
    expect(names(buildImdn({ ...base, subject: { text: 'x' } }))).toEqual([
      'message-id',
      'datetime',
      'delivery-notification',
    ])
  })

  test('well-formed, whatever a stranger put into the message (RFC5438-11.1-1)', () => {
    fc.assert(
      fc.property(oddText, oddText, oddText, (messageId, recipientUri, subject) => {
        const xml = buildImdn({
          messageId,
          dateTime: messageId,
          recipientUri,
          subject: { text: subject },
          disposition: dispositions[0]!,
        })
        expect(readXml(xml).child('delivery-notification')).toBeDefined()
      }),
    )
  })
})

describe('several in one message', () => {
  const document = (messageId: string, padding = ''): string =>
    buildImdn({ messageId, dateTime: padding, disposition: dispositions[0]! })

  /** What is read of notifications put together, and how much of it was taken. */
  async function readOf(documents: string[], contentType = 'message/imdn+xml') {
    const parts = documents.map((content) => ({ content, contentType }))
    const message = new Arriving(buildMultipart('mixed', parts), 1000)
    const read = await readImdns(message, message.contentType).catch(({ code }: MsrpError) => code)
    return { message, read }
  }

  test('are read as long as they have 64 KiB together, as one has, and no further', async () => {
    const padding = 'x'.repeat(30_000)
    const { message: whole, read } = await readOf([document('a', padding), document('b', padding)])
    expect((read as Imdn[]).map(({ messageId }) => messageId)).toEqual(['a', 'b'])
    expect(whole.size).toBeLessThan(65_536)
    const { message, read: code } = await readOf([
      document('a', padding),
      document('b', padding),
      document('c', padding),
    ])
    expect(code).toBe('too-large')
    expect([message.cancelled, message.pulled <= 66]).toEqual([true, true])
  })

  test('are read when they are not more than 1024', async () => {
    const count = async (number: number) => (await readOf(Array(number).fill(''), 'a/b')).read
    expect(await count(1024)).toEqual([])
    expect(await count(1025)).toBe('limit-exceeded')
  })
})

test('whatever becomes of a document on its way, it is read or malformed', () => {
  const cut = fc.tuple(fc.constantFrom(...fromPeers), fc.nat(600), fc.nat(20), oddText)
  fc.assert(
    fc.property(cut, ([{ xml }, at, length, put]) => {
      try {
        parseImdn(xml.slice(0, at) + put + xml.slice(at + length))
      } catch (error) {
        expect(['malformed', 'limit-exceeded']).toContain((error as MsrpError).code)
      }
    }),
    { numRuns: 500 },
  )
})
