import { describe, expect, test } from 'vitest'
import { describeWithIcons, readDescription } from '../../src/file/index.ts'
import { parseMultipart, rootPart } from '../../src/multipart/index.ts'

const description = 'v=0\r\nm=message 7654 TCP/MSRP *\r\na=file-icon:cid:id2@alicepc.example.com\r\n'
const icon = { contentId: 'id2@alicepc.example.com', contentType: 'image/png', content: Uint8Array.of(137, 80, 0, 255) }

describe('a description with an icon', () => {
  test('is a multipart/related, whose root is the description (RFC5547-8.8-1, RFC5547-8.8-3)', () => {
    const { contentType, body } = describeWithIcons(description, [icon])
    const multipart = parseMultipart(body, contentType)
    expect(multipart.type).toBe('multipart/related')
    expect(rootPart(multipart)).toBe(multipart.parts[0])
    expect(multipart.parts.map((part) => part.contentType)).toEqual(['application/sdp', 'image/png'])
  })

  test('names the type of its root (RFC5547-8.8-4)', () => {
    const { contentType, body } = describeWithIcons(description, [icon])
    expect(parseMultipart(body, contentType).parameters.get('type')).toBe('application/sdp')
  })

  test('is read back, and so is one from another program (RFC5547-8.8-2)', () => {
    expect(readDescription(describeWithIcons(description, [icon]))).toEqual({
      description,
      icons: new Map([[icon.contentId, icon]]),
    })
    // The shape of figure 8, with the description behind the icon.
    const text = `--boundary71\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <id2@alicepc.example.com>\r\nContent-Disposition: icon\r\n\r\nJPEG\r\n--boundary71\r\nContent-Type: application/sdp\r\nContent-ID: <sdp@a>\r\n\r\nv=0\r\n\r\n--boundary71--`
    const contentType = 'multipart/related; type="application/sdp"; start="<sdp@a>"; boundary="boundary71"'
    const read = readDescription({ contentType, body: new TextEncoder().encode(text) })
    expect(read.description).toBe('v=0\r\n')
    expect(read.icons.get('id2@alicepc.example.com')?.contentType).toBe('image/jpeg')
  })

  test('may be sent without it, to a peer that takes no multipart (RFC5547-8.8-5)', () => {
    const alone = { contentType: 'application/sdp', body: new TextEncoder().encode(description) }
    expect(readDescription(alone)).toEqual({ description, icons: new Map() })
  })

  test.each([
    ['text/plain', 'v=0'],
    ['multipart/related; boundary=b', '--b\r\nContent-Type: image/png\r\n\r\nx\r\n--b--'],
  ])('is nothing of type %s', (contentType, text) => {
    const body = new TextEncoder().encode(text)
    expect(() => readDescription({ contentType, body })).toThrow(expect.objectContaining({ code: 'type-not-accepted' }))
  })

  test('has bounds', () => {
    const body = new Uint8Array(2 ** 20 + 1)
    expect(() => readDescription({ contentType: 'application/sdp', body })).toThrow(/1048576/)
  })
})
