import { describe, expect, test } from 'vitest'
import { buildCpim, type CpimHead, parseCpim } from '../../src/cpim/index.ts'
import type { RecipientDisposition } from '../../src/imdn/disposition.ts'
import { buildImdn, parseImdn } from '../../src/imdn/imdn.ts'
import { buildAggregatedNotification, buildNotification } from '../../src/imdn/notification.ts'
import { readImdns } from '../../src/imdn/read-imdns.ts'
import { askForImdn, IMDN_NAMESPACE, imdnRequest, isImdn } from '../../src/imdn/request.ts'
import { Arriving } from '../mime/arriving.ts'

const parties = { from: 'Alice <im:alice@example.com>', to: 'Bob <im:bob@example.com>' }
const now = new Date('2026-01-02T03:04:05Z')

function head(...lines: string[]): CpimHead {
  const text = [
    'From: <im:alice@example.com>',
    'To: <im:bob@example.com>',
    ...lines,
    '',
    'Content-Type: text/plain',
    '',
    'Hi',
  ]
  return parseCpim(new TextEncoder().encode(text.join('\r\n'))).head
}

/** The head of a message that asks, with further lines. */
function asking(wish: string, ...lines: string[]): CpimHead {
  return head(
    'DateTime: 2026-01-01T12:00:00+02:00',
    'NS: imdn <urn:ietf:params:imdn>',
    'imdn.Message-ID: m1',
    `imdn.Disposition-Notification: ${wish}`,
    ...lines,
  )
}

describe('a sender asks', () => {
  test('with Message-ID, DateTime and Disposition-Notification (RFC5438-6.2-1, RFC5438-6.3-1, RFC5438-7.1.1.2-1)', () => {
    const parts = askForImdn(parties, {
      messageId: '34jk324j',
      wishes: ['positive-delivery', 'negative-delivery'],
      now,
    })
    const text = new TextDecoder().decode(buildCpim(parts, 'Hello World'))
    expect(text).toBe(
      [
        'From: Alice <im:alice@example.com>',
        'To: Bob <im:bob@example.com>',
        'DateTime: 2026-01-02T03:04:05.000Z',
        'NS: imdn <urn:ietf:params:imdn>',
        'imdn.Message-ID: 34jk324j',
        'imdn.Disposition-Notification: positive-delivery, negative-delivery',
        '',
        'Content-Type: text/plain;charset=utf-8',
        '',
        'Hello World',
      ].join('\r\n'),
    )
  })

  test('with the names and values letter by letter (RFC5438-10-1)', () => {
    expect(
      imdnRequest(
        head('NS: imdn <urn:ietf:params:imdn>', 'imdn.message-id: a', 'imdn.Disposition-Notification: display'),
      ),
    ).toBeUndefined()
    expect(imdnRequest(asking('Display, POSITIVE-DELIVERY'))).toBeUndefined()
    expect(imdnRequest(asking('display'))?.wishes).toEqual(new Set(['display']))
  })

  test('for one thing or several, each once (RFC5438-7.1.1.3-1, RFC5438-7.1.1.3-2)', () => {
    const wishes = ['display', 'processing', 'display', 'negative-delivery'] as const
    const parts = askForImdn({ ...parties, dateTime: now }, { messageId: 'm', wishes, now: new Date(0) })
    const { head: read } = parseCpim(buildCpim(parts, ''))
    expect(read.find(IMDN_NAMESPACE, 'Disposition-Notification')?.value).toBe('display, processing, negative-delivery')
    expect(imdnRequest(read)?.wishes).toEqual(new Set(wishes))
    expect(read.dateTime).toEqual(now)
  })

  test('for nothing, and still has an id', () => {
    const parts = askForImdn(parties, { messageId: 'm', wishes: [], now })
    const { head: read } = parseCpim(buildCpim(parts, ''))
    expect([read.find(IMDN_NAMESPACE, 'Message-ID')?.value, imdnRequest(read)]).toEqual(['m', undefined])
  })

  test('for nothing that there is not', () => {
    const wishes = ['read'] as never
    const error = expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('"read"') })
    expect(() => askForImdn(parties, { messageId: 'm', wishes, now })).toThrow(error)
  })
})

describe('a recipient reads', () => {
  test.each([
    [
      'values that it does not know: passed over',
      asking('read, display;x=y , ,positive-delivery'),
      ['display', 'positive-delivery'],
    ],
    ['an empty value: nothing is asked', asking(''), undefined],
    ['several headers', asking('display', 'imdn.Disposition-Notification: processing'), ['display', 'processing']],
    [
      'another prefix',
      head('NS: x <urn:ietf:params:imdn>', 'x.Message-ID: 1', 'x.Disposition-Notification: display'),
      ['display'],
    ],
    [
      'a prefix that means something else',
      head('NS: imdn <urn:x:y>', 'imdn.Message-ID: 1', 'imdn.Disposition-Notification: display'),
      undefined,
    ],
    [
      'a wish without an id: nobody could tell what it is about',
      head('NS: imdn <urn:ietf:params:imdn>', 'imdn.Disposition-Notification: display'),
      undefined,
    ],
  ])('%s', (_, read, wishes) => {
    expect(imdnRequest(read)?.wishes).toEqual(wishes === undefined ? undefined : new Set(wishes))
  })
})

/** The notification that a message gets, as its receiver reads it. */
function notification(of: CpimHead, disposition: RecipientDisposition, from?: string) {
  const bytes = buildNotification(imdnRequest(of)!, disposition, { messageId: 'n1', now, from })
  if (bytes === undefined) return undefined
  const { head: read, text } = parseCpim(bytes)
  const [imdn] = parseImdn(text())
  return { read, imdn: imdn!, text: new TextDecoder().decode(bytes) }
}

const delivered = { type: 'delivery', status: 'delivered' } as const
const displayed = { type: 'display', status: 'displayed' } as const

describe('a notification', () => {
  test('is a message of its own, to the one who asked (RFC5438-7.2.1-7, RFC5438-7.2.1-11, RFC5438-7.2.1-12)', () => {
    const { read, imdn } = notification(asking('positive-delivery'), delivered)!
    expect([read.from?.uri, read.to.map(({ uri }) => uri)]).toEqual(['im:bob@example.com', ['im:alice@example.com']])
    expect(read.find(IMDN_NAMESPACE, 'Message-ID')?.value).toBe('n1')
    expect(read.contentField('content-disposition')).toBe('notification')
    expect(imdn).toMatchObject({
      messageId: 'm1',
      dateTime: '2026-01-01T12:00:00+02:00',
      recipientUri: 'im:bob@example.com',
    })
  })

  test('says of what type it is (RFC5438-11.1.8-1, RFC5438-12.1.1-1)', () => {
    const { read, text } = notification(asking('display'), displayed)!
    expect([read.contentType, isImdn(read)]).toEqual(['message/imdn+xml', true])
    expect(text).toContain('\r\nContent-Type: message/imdn+xml\r\n')
  })

  test('goes back the way on which the message came, in its order (RFC5438-7.2.1-8, RFC5438-7.2.1-9)', () => {
    const routes = ['One <sip:one@example.com>', '<sip:two@example.com;lr>', '"a \\"b\\"" <sip:three@example.com>']
    const of = asking('display', ...routes.map((route) => `imdn.IMDN-Record-Route: ${route}`))
    const { read } = notification(of, displayed)!
    expect(read.all(IMDN_NAMESPACE, 'IMDN-Route').map(({ value }) => value)).toEqual([
      'One <sip:one@example.com>',
      '<sip:two@example.com;lr>',
      '<sip:three@example.com>',
    ])
    expect(read.find(IMDN_NAMESPACE, 'IMDN-Record-Route')).toBeUndefined()
  })

  test('names whom the message was written to first (RFC5438-11.1.4-1)', () => {
    const of = asking('display', 'imdn.Original-To: Friends <sip:friends@example.com>')
    expect(notification(of, displayed)?.imdn.originalRecipientUri).toBe('sip:friends@example.com')
    expect(notification(asking('display'), displayed)?.imdn.originalRecipientUri).toBe('im:bob@example.com')
  })

  test('carries the subject and its language (RFC5438-11.1.5-1)', () => {
    expect(notification(asking('display', 'Subject:;lang=de Grüße'), displayed)?.imdn.subject).toEqual({
      text: 'Grüße',
      language: 'de',
    })
    expect(notification(asking('display', 'Subject: Hi'), displayed)?.imdn.subject).toEqual({
      text: 'Hi',
      language: undefined,
    })
  })

  test('asks for none itself, and is asked in vain (RFC5438-7.2.1-4, RFC5438-7.2.1-5, RFC5438-7.2.1-6)', () => {
    const { read } = notification(asking('display'), displayed)!
    expect(read.find(IMDN_NAMESPACE, 'Disposition-Notification')).toBeUndefined()
    for (const fields of [
      ['Content-Type: message/imdn+xml'],
      ['Content-Type: multipart/mixed;boundary=x', 'Content-Disposition: Notification'],
    ]) {
      const lines = [
        'From: <im:a@b>',
        'NS: imdn <urn:ietf:params:imdn>',
        'imdn.Message-ID: 1',
        'imdn.Disposition-Notification: display',
        '',
        ...fields,
        '',
        '',
      ]
      expect(imdnRequest(parseCpim(new TextEncoder().encode(lines.join('\r\n'))).head)).toBeUndefined()
    }
  })

  test.each(['message/imdn+xml', 'multipart/mixed;boundary=x'])(
    'is known by a disposition that an RCS client puts among the headers: %s',
    (type) => {
      const lines = [
        'From: <sip:anonymous@anonymous.invalid>',
        'NS: imdn <urn:ietf:params:imdn>',
        'imdn.Message-ID: 1',
        'Content-Disposition: notification',
        'DateTime: 2026-01-02T03:04:05Z',
        '',
        `Content-Type: ${type}`,
        '',
        '<imdn/>',
      ]
      const { head: read, text } = parseCpim(new TextEncoder().encode(lines.join('\r\n')))
      expect([isImdn(read), read.dateTime, text()]).toEqual([true, now, '<imdn/>'])
    },
  )

  test.each([
    ['delivered', 'positive-delivery', true],
    ['delivered', 'negative-delivery', false],
    ['failed', 'negative-delivery', true],
    ['failed', 'positive-delivery', false],
    ['forbidden', 'positive-delivery', true],
    ['error', 'negative-delivery', true],
    ['error', 'display', false],
    ['delivered', 'display, processing', false],
  ] as const)('of delivery that says %s, for somebody who wants %s: %s', (status, wish, wanted) => {
    expect(notification(asking(wish), { type: 'delivery', status }) !== undefined).toBe(wanted)
  })

  test('can be written to those who did not say who they are, or not by a URI', () => {
    const lines = [
      'From: +33642575779',
      'To: +33640332859',
      'NS: i <urn:ietf:params:imdn>',
      'i.Message-ID: 1',
      'i.Disposition-Notification: display',
      '',
      'Content-Type: text/plain',
      '',
      'x',
    ]
    const { head: of } = parseCpim(new TextEncoder().encode(lines.join('\r\n')))
    const { read, imdn } = notification(of, displayed)!
    expect([read.from?.uri, read.to[0]?.uri]).toEqual(Array(2).fill('sip:anonymous@anonymous.invalid'))
    // The message has no DateTime either, and the document needs one.
    expect(imdn).toMatchObject({ recipientUri: '+33640332859', dateTime: now.toISOString() })
  })
})

describe('several notifications in one message', () => {
  const document = (recipientUri: string): string =>
    buildImdn({ messageId: 'm1', dateTime: 'then', recipientUri, disposition: delivered })

  test('are written for the sender of a message to a list, and read again (RFC5438-8.3-1)', async () => {
    const of = head(
      'NS: imdn <urn:ietf:params:imdn>',
      'imdn.Message-ID: m1',
      'imdn.Disposition-Notification: positive-delivery',
      'imdn.IMDN-Record-Route: <sip:one@example.com>',
    )
    const documents = [document('im:bob@example.com'), new TextEncoder().encode(document('im:carol@example.com'))]
    const message = parseCpim(buildAggregatedNotification(imdnRequest(of)!, documents, { messageId: 'n1', now }))
    const { head: read } = message
    expect([read.from?.uri, read.to.map(({ uri }) => uri)]).toEqual(['im:bob@example.com', ['im:alice@example.com']])
    expect([isImdn(read), read.contentField('Content-Disposition')]).toEqual([true, 'notification'])
    expect(read.find(IMDN_NAMESPACE, 'Message-ID')?.value).toBe('n1')
    expect(read.find(IMDN_NAMESPACE, 'IMDN-Route')?.value).toBe('<sip:one@example.com>')
    expect(message.contentType).toMatch(/^multipart\/mixed;boundary=/)
    const { contentType, content: body } = message
    expect(await readImdns(new Arriving({ contentType, body }), contentType)).toEqual(
      ['im:bob@example.com', 'im:carol@example.com'].map((recipientUri) =>
        expect.objectContaining({ messageId: 'm1', recipientUri, disposition: delivered }),
      ),
    )
  })

  test('are not written where there is none', () => {
    const request = imdnRequest(asking('positive-delivery'))!
    expect(() => buildAggregatedNotification(request, [], { messageId: 'n1', now })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})
