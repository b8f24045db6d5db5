import { ChunkParser, encodeEndLine, encodeRequest, parsePath, type RequestHead } from 'msrp/wire'
import { expect, it } from 'vitest'
import type { Flow } from '../../src/forwarding/flow.ts'
import { InboundChunk } from '../../src/forwarding/inbound-chunk.ts'
import { Passage } from '../../src/forwarding/passage.ts'

/** A chunk that has arrived whole, with its first part begun. */
function begun(size: number): Passage {
  const heads: RequestHead[] = []
  const parser = new ChunkParser({
    onHead: (head) => heads.push(head as RequestHead),
    onBody: () => {},
    onEnd: () => {},
  })
  const transactionId = 'abcd1234'
  const [toPath, fromPath] = ['msrps://a.invalid:1/a;tcp', 'msrps://b.invalid:1/b;tcp'].map((uri) => parsePath(uri))
  const fields = [
    ['Message-ID', 'message1'],
    ['Byte-Range', '1-*/*'],
  ] as const
  parser.push(
    encodeRequest({ transactionId, method: 'SEND', toPath: toPath!, fromPath: fromPath!, fields, contentType: 'a/b' }),
  )
  parser.push(encodeEndLine(transactionId, '$', { afterBody: true }))
  const passage = new Passage(new InboundChunk(heads[0]!, {} as Flow), heads[0]!)
  passage.push(Buffer.alloc(size), false)
  passage.finish('$')
  passage.begin('efgh5678', Buffer.from(''))
  return passage
}

it('a part that has said where it ends goes out whole, whoever would have it wait', () => {
  expect(begun(2048).interruptible).toBe(false)
  expect(begun(2049).interruptible).toBe(true)
})
