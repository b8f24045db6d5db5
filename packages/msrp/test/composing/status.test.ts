import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildComposing, type ComposingStatus, parseComposing } from '../../src/composing/index.ts'

const NS = 'xmlns="urn:ietf:params:xml:ns:im-iscomposing"'
const XSI =
  'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:ietf:params:xml:ns:im-composing iscomposing.xsd"'

/** As the public sources of these programs write it. */
const fromPeers: readonly [peer: string, xml: string, status: ComposingStatus][] = [
  [
    'RFC 3994, active',
    `<?xml version="1.0" encoding="UTF-8"?>\n<isComposing ${NS}\n  ${XSI}>\n  <state>active</state>\n  <contenttype>text/plain</contenttype>\n  <refresh>90</refresh>\n</isComposing>`,
    { state: 'active', contentType: 'text/plain', refresh: 90 },
  ],
  [
    'RFC 3994, idle',
    `<isComposing ${NS} ${XSI}><state>idle</state><lastactive>2003-01-27T10:43:00Z</lastactive><contenttype>audio</contenttype></isComposing>`,
    { state: 'idle', lastActive: new Date('2003-01-27T10:43:00Z'), contentType: 'audio' },
  ],
  [
    'sipsimple (Blink)',
    `<?xml version='1.0' encoding='UTF-8'?>\n<isComposing ${NS}><state>active</state><lastactive>2021-03-01T10:11:12.123456+01:00</lastactive><contenttype>text</contenttype><refresh>60</refresh></isComposing>`,
    { state: 'active', lastActive: new Date('2021-03-01T09:11:12.123Z'), contentType: 'text', refresh: 60 },
  ],
  [
    'Linphone',
    `<?xml version="1.0" encoding="UTF-8"?>\n<isComposing ${NS} ${XSI}><state>active</state><refresh>60</refresh></isComposing>\n`,
    { state: 'active', refresh: 60 },
  ],
  [
    'pjsip, which says nothing but the state',
    `<?xml version="1.0" encoding="UTF-8"?>\n<isComposing ${NS} ${XSI}>\n <state>idle</state>\n</isComposing>`,
    { state: 'idle' },
  ],
  [
    'an RCS client',
    `<?xml version="1.0" encoding="UTF-8"?>\r\n<isComposing ${NS}\r\n${XSI}>\r\n<state>active</state>\r\n<contenttype>text/plain</contenttype>\r\n<lastactive>2014-05-06T07:08:09.000+0200</lastactive>\r\n<refresh>60</refresh>\r\n</isComposing>`,
    { state: 'active', contentType: 'text/plain', lastActive: new Date('2014-05-06T05:08:09Z'), refresh: 60 },
  ],
  [
    'an extension, which is passed over (RFC3994-3.5-2)',
    `<c:isComposing xmlns:c="urn:ietf:params:xml:ns:im-iscomposing" xmlns:x="u:x"><x:state>idle</x:state><c:state>active</c:state><x:mood>5</x:mood></c:isComposing>`,
    { state: 'active' },
  ],
  [
    'a state that is not known: idle (RFC3994-3.5-1)',
    `<isComposing ${NS}><state>thinking</state><refresh>60</refresh></isComposing>`,
    { state: 'idle', refresh: 60 },
  ],
  [
    'no state, and what cannot be read',
    `<isComposing ${NS}><lastactive>now</lastactive><refresh>-5</refresh></isComposing>`,
    { state: 'idle' },
  ],
  [
    'a refresh beyond all bounds',
    `<isComposing ${NS}><state>active</state><refresh>1e9</refresh></isComposing>`,
    { state: 'active' },
  ],
]

describe('a status message of', () => {
  test.each(fromPeers)('%s', (_, xml, status) => {
    expect(parseComposing(xml)).toEqual(status)
  })
})

test.each([
  '<isComposing/>',
  '<isComposing xmlns="urn:ietf:params:xml:ns:im-composing"><state>active</state></isComposing>',
  `<!DOCTYPE isComposing><isComposing ${NS}/>`,
  'active',
])('%s is none', (xml) => {
  expect(() => parseComposing(xml)).toThrow(expect.objectContaining({ code: 'malformed' }))
})

test('is written in the order of its schema, XML 1.0 and UTF-8 (RFC3994-6-1)', () => {
  const status = { state: 'active', lastActive: new Date(0), contentType: 'text/html;a="é"', refresh: 60 } as const
  expect(buildComposing(status)).toBe(
    `<?xml version="1.0" encoding="UTF-8"?>\r\n<isComposing ${NS}><state>active</state><lastactive>1970-01-01T00:00:00.000Z</lastactive><contenttype>text/html;a=&quot;é&quot;</contenttype><refresh>60</refresh></isComposing>\r\n`,
  )
})

test('is read as it was written (RFC3994-6-1)', () => {
  const status = fc.record<ComposingStatus>(
    {
      state: fc.constantFrom('active', 'idle'),
      lastActive: fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
      contentType: fc.stringMatching(/^[a-z]{1,9}(\/[a-z<&]{1,9})?$/),
      refresh: fc.integer({ min: 1, max: 999_999_999 }),
    },
    { requiredKeys: ['state'] },
  )
  fc.assert(
    fc.property(status, (it) => {
      expect(parseComposing(buildComposing(it))).toEqual(it)
    }),
  )
})

test.each([0, -1, 1.5, Number.NaN])('cannot announce a refresh of %d s', (refresh) => {
  expect(() => buildComposing({ state: 'active', refresh })).toThrow(
    expect.objectContaining({ code: 'invalid-argument' }),
  )
})
