import { parseMediaType } from './media-type.ts'

/** A body as text, by the charset of its Content-Type; UTF-8 where there is none, or none that is known here. */
export function textOfBody(bytes: Uint8Array, contentType: string): string {
  return decoderFor(parseMediaType(contentType)?.parameters.get('charset') ?? 'utf-8').decode(bytes)
}

function decoderFor(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset)
  } catch {
    return new TextDecoder()
  }
}
