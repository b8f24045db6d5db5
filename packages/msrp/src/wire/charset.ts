import { parseMediaType } from './media-type.ts'
import { MsrpError } from './msrp-error.ts'
import { shown } from './shown.ts'

/**
 * A body as text, by the charset of its Content-Type; UTF-8 where there is none.
 * @throws MsrpError `not-understood` for a charset that the platform's TextDecoder does not know
 */
export function textOfBody(bytes: Uint8Array, contentType: string): string {
  const decoder = textDecoderOf(contentType)
  // RFC 2781 §4.3: what is called utf-16 alone says its order itself. TextDecoder takes it for little-endian.
  const isBigEndian = decoder.encoding === 'utf-16le' && bytes[0] === 0xfe && bytes[1] === 0xff
  return (isBigEndian ? new TextDecoder('utf-16be') : decoder).decode(bytes)
}

/** The same of bytes that are read only when they can be decoded: what cannot is left to be read otherwise. */
export async function readText(contentType: string, read: () => Promise<Uint8Array>): Promise<string> {
  textDecoderOf(contentType)
  return textOfBody(await read(), contentType)
}

/** The same before there are bytes, to find out in time. @throws MsrpError `not-understood` */
export function textDecoderOf(contentType: string): TextDecoder {
  const charset = parseMediaType(contentType)?.parameters.get('charset') ?? 'utf-8'
  try {
    return new TextDecoder(charset)
  } catch (cause) {
    const text = `The charset ${shown(charset)} is not known here: read the content as bytes`
    throw new MsrpError('not-understood', text, { cause })
  }
}
