import { describe, expect, test } from 'vitest'
import { type SmimeType, smimeAcceptTypes, smimeTypeOf, takesSmime } from '../../src/multipart/index.ts'

describe('S/MIME shows in media types (RFC 8591 §6):', () => {
  test.each([
    ['application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"', 'signed-data'],
    ['Application/X-PKCS7-MIME;SMIME-TYPE="Auth-Enveloped-Data"', 'auth-enveloped-data'],
    ['application/pkcs7-mime', ''],
    ['multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=b', 'clear-signed'],
    ['multipart/signed; protocol="application/pgp-signature"; boundary=b', undefined],
    ['application/pkcs7-signature', undefined],
    ['text/plain;smime-type=signed-data', undefined],
    ['nonsense', undefined],
  ])('%s: %s', (contentType, expected) => expect(smimeTypeOf(contentType)).toBe(expected))

  test('what is to be put into accept-types', () => {
    expect(smimeAcceptTypes('all')).toEqual([
      'application/pkcs7-mime',
      'multipart/signed',
      'application/pkcs7-signature',
    ])
    expect(smimeAcceptTypes(['signed-data'])).toEqual(['application/pkcs7-mime;smime-type=signed-data'])
    expect(smimeAcceptTypes(['signed-data', 'auth-enveloped-data', 'clear-signed'])).toEqual([
      'application/pkcs7-mime;smime-type=signed-data',
      'application/pkcs7-mime;smime-type=auth-enveloped-data',
      'multipart/signed',
      'application/pkcs7-signature',
    ])
  })

  test.each<[string, SmimeType, string]>([
    ['application/pkcs7-mime text/plain', 'signed-data', 'yes'],
    ['application/pkcs7-mime;smime-type=signed-data', 'signed-data', 'yes'],
    ['application/pkcs7-mime;smime-type=signed-data *', 'auth-enveloped-data', 'no'],
    [
      'application/pkcs7-mime;smime-type=signed-data application/pkcs7-mime;smime-type=enveloped-data',
      'enveloped-data',
      'yes',
    ],
    ['text/plain *', 'signed-data', 'perhaps'],
    ['application/*', 'signed-data', 'perhaps'],
    ['text/plain', 'signed-data', 'no'],
    ['multipart/signed application/pkcs7-signature', 'clear-signed', 'yes'],
    ['multipart/signed text/plain', 'clear-signed', 'perhaps'],
    ['text/plain', 'clear-signed', 'no'],
    ['*', 'clear-signed', 'perhaps'],
  ])('a peer with accept-types:%s takes %s: %s', (list, type, expected) => {
    expect(takesSmime(list.split(' '), type)).toBe(expected)
  })
})
