import type { Random } from '../random.ts'

const CPIM =
  'From: <im:alice@example.com>\r\nTo: <im:bob@example.com>\r\nDateTime: 2026-01-01T00:00:00Z\r\n' +
  'NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: 34jk324j\r\n\r\nContent-Type: text/plain\r\n\r\nHello'

/** A body as one character a byte: what an end-line of `id` is made of, whole requests, text, anything. */
export function body(random: Random, id: string): string {
  const count = random.size(6)
  let text = ''
  for (let piece = 0; piece < count; piece++) text += bodyPiece(random, id)
  return text
}

function bodyPiece(random: Random, id: string): string {
  switch (random.below(12)) {
    case 0:
      return 'Hello, world. '
    case 1:
      return '\r\n'.repeat(random.size(20))
    case 2:
      return '-'.repeat(random.size(random.oneIn(10) ? 4000 : 60))
    case 3:
      return `\r\n-------${id}`
    case 4:
      return `\r\n-------${id}${random.pick(['!', '$ ', '$\r', '\r\n', '$$\r\n', '+\n', '#x\r\n'])}`
    case 5:
      return `\r\n-------${id.slice(0, -1)}$\r\n`
    case 6:
      return random.binary(random.size(300))
    case 7:
      return `MSRP ${id} SEND\r\nTo-Path: msrp://b.example:1/x;tcp\r\nFrom-Path: msrp://a.example:1/y;tcp\r\n-------x$\r\n`
    case 8:
      return random.pick(['\r', '\n', '\r\r\n', '\n\r', '\u0000', '-------', '$\r\n'])
    case 9:
      return CPIM
    case 10:
      return `\r\n-------${id}x`.repeat(random.size(random.oneIn(8) ? 200 : 12))
    default:
      return 'x'.repeat(random.size(random.oneIn(10) ? 12_000 : 300))
  }
}
