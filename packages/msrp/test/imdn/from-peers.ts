/** A document as a peer writes it, and what it says: id, DateTime, recipient, original recipient, disposition. */
interface FromPeer {
  readonly peer: string
  readonly xml: string
  readonly says: readonly string[]
}

const NS = 'xmlns="urn:ietf:params:xml:ns:imdn"'

/** Shapes of IMDN documents, as the public sources of these programs write them or their users have traced them. */
export const fromPeers: readonly FromPeer[] = [
  {
    peer: 'RFC 5438, a line broken in a tag',
    xml: `<?xml version="1.0" encoding="UTF-8"?>
    <imdn ${NS}>
         <message-id>34jk324j</message-id>
         <datetime>2008-04-04T12:16:49-05:00</datetime>
        <recipient-uri>im:bob@example.com</recipient-uri>
         <original-recipient-uri
           >im:bob@example.com</original-recipient-uri>
         <delivery-notification>
            <status>
               <delivered/>
            </status>
         </delivery-notification>
       </imdn>`,
    says: ['34jk324j | 2008-04-04T12:16:49-05:00 | im:bob@example.com | im:bob@example.com | delivery delivered'],
  },
  {
    peer: 'sipsimple (Blink)',
    xml: `<?xml version='1.0' encoding='UTF-8'?>
<imdn ${NS}><message-id>c0a7f2a1-b0f5-4b5f</message-id><datetime>2021-03-01T10:11:12.123456+01:00</datetime><recipient-uri>bob@example.com</recipient-uri><original-recipient-uri>bob@example.com</original-recipient-uri><display-notification><status><displayed/></status></display-notification></imdn>`,
    says: [
      'c0a7f2a1-b0f5-4b5f | 2021-03-01T10:11:12.123456+01:00 | bob@example.com | bob@example.com | display displayed',
    ],
  },
  {
    peer: 'Linphone, delivery',
    xml: `<?xml version="1.0" encoding="UTF-8"?>\n<imdn ${NS} xmlns:linphoneimdn="http://www.linphone.org/xsds/imdn.xsd"><message-id>ZXdkYXNk</message-id><datetime>2019-01-02T03:04:05Z</datetime><delivery-notification><status><delivered/></status></delivery-notification></imdn>`,
    says: ['ZXdkYXNk | 2019-01-02T03:04:05Z | - | - | delivery delivered'],
  },
  {
    peer: 'Linphone, an error with its reason',
    xml: `<?xml version="1.0" encoding="UTF-8" standalone="no" ?><imdn ${NS} xmlns:imdn="http://www.linphone.org/xsds/imdn.xsd"><message-id>ZXdkYXNk</message-id><datetime>2019-01-02T03:04:05Z</datetime><delivery-notification><status><error/><imdn:reason code="488">Not Acceptable Here</imdn:reason></status></delivery-notification></imdn>`,
    says: ['ZXdkYXNk | 2019-01-02T03:04:05Z | - | - | delivery error | 488 Not Acceptable Here'],
  },
  {
    peer: 'an RCS client by MSRP, traced',
    xml: `<?xml version="1.0" encoding="UTF-8"?>\r\n<imdn ${NS}>\r\n  <message-id>MsggOfzN1UHCA</message-id>\r\n  <datetime>2015-05-13T15:04:08Z</datetime>\r\n  <delivery-notification>\r\n    <status>\r\n      <delivered/>\r\n    </status>\r\n  </delivery-notification>\r\n</imdn>\r\n`,
    says: ['MsggOfzN1UHCA | 2015-05-13T15:04:08Z | - | - | delivery delivered'],
  },
  {
    peer: 'an SMS gateway, with a code in a namespace of its own',
    xml: `<?xml version="1.0" encoding="UTF-8"?><imdn ${NS}><message-id>SM55</message-id><datetime>2020-07-07T14:32:00+0000</datetime><recipient-uri>sip:49@10.0.0.146:5060;tgrp=101</recipient-uri><delivery-notification><status><failed/></status><reason-code xmlns="urn:ietf:params:xml:ns:">0</reason-code></delivery-notification></imdn>`,
    says: ['SM55 | 2020-07-07T14:32:00+0000 | sip:49@10.0.0.146:5060;tgrp=101 | - | delivery failed'],
  },
  {
    peer: 'an RCS server that says nothing of RFC 5438 (a message taken back)',
    xml: `<imdn ${NS}><message-id>m1</message-id><datetime>2026-01-01T00:00:00Z</datetime><status><revoked xmlns="urn:gsma:params:xml:ns:rcs:revoke"/></status></imdn>`,
    says: ['m1 | 2026-01-01T00:00:00Z | - | - | unknown'],
  },
  {
    peer: 'an intermediary that stored the message, with prefixes throughout',
    xml: `<i:imdn xmlns:i="urn:ietf:params:xml:ns:imdn"><i:message-id>m1</i:message-id><i:datetime>x</i:datetime><i:processing-notification><i:status><i:stored/></i:status></i:processing-notification></i:imdn>`,
    says: ['m1 | x | - | - | processing stored'],
  },
  {
    peer: 'a client that tells delivery and display at once, and gives the subject',
    xml: `<imdn ${NS}><message-id>m1</message-id><datetime>x</datetime><recipient-uri>im:b</recipient-uri><original-recipient-uri>im:l</original-recipient-uri><subject xml:lang="fr">Salut</subject><delivery-notification><status><delivered/></status></delivery-notification><display-notification><status><displayed/></status></display-notification></imdn>`,
    says: [
      'm1 | x | im:b | im:l | Salut in fr | delivery delivered',
      'm1 | x | im:b | im:l | Salut in fr | display displayed',
    ],
  },
]
