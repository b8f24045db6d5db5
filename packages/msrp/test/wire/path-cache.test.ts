import { describe, expect, test } from 'vitest'
import { ChunkParser, type Head } from '../../src/wire/index.ts'
import { block } from './recorder.ts'

/** The heads of these requests, which arrive on one connection. */
function heads(...texts: string[]): Head[] {
  const found: Head[] = []
  const parser = new ChunkParser({ onHead: (head) => found.push(head), onBody: () => {}, onEnd: () => {} })
  for (const text of texts) parser.push(block(text))
  return found
}

const request = (paths: string, rest = 'Message-ID: m123\n'): string => `MSRP abcd SEND\n${paths}${rest}-------abcd$\n`
const to = (id: string): string => `To-Path: msrps://relay.example:2855/token${id};tcp msrps://b.example:1/x${id};tcp\n`
const from = (id: string): string => `From-Path: msrps://a.example:1/yyyyyyyy${id};tcp\n`
const written = (head: Head | undefined): string[] => [String(head?.fields.toPath), String(head?.fields.fromPath)]

describe('paths that come again', () => {
  test('are the identical object', () => {
    const [one, two, three] = heads(
      request(to('1') + from('1')),
      request(to('2') + from('1')),
      request(to('1') + from('1')),
    )
    expect(three?.fields.paths).toBe(one?.fields.paths)
    expect(two?.fields.paths).not.toBe(one?.fields.paths)
    expect(written(three)).toEqual(written(one))
  })

  test.each([
    ['in the first line', to('1') + from('1'), to('2') + from('1')],
    ['in the second line', to('1') + from('1'), to('1') + from('2')],
    ['where few bytes are looked at', to('1') + from('1'), `${to('1')}From-Path: msrps://z.example:1/yyyyyyyy1;tcp\n`],
    ['in length alone', to('1') + from('1'), `${to('1')}From-Path: msrps://aa.example:1/yyyyyyyy1;tcp\n`],
  ])('are not taken for others that differ %s', (_, one, other) => {
    const [first, second, again] = heads(request(one), request(other), request(one))
    expect(written(second)).not.toEqual(written(first))
    expect(written(again)).toEqual(written(first))
    expect(written(second)).toEqual(written(heads(request(other))[0]))
  })

  test('are read line by line when they are cut', () => {
    const text = request(to('1') + from('1'))
    const bytes = block(text)
    const found: Head[] = []
    const parser = new ChunkParser({ onHead: (head) => found.push(head), onBody: () => {}, onEnd: () => {} })
    parser.push(bytes)
    for (let cut = 1; cut < bytes.length; cut++) {
      parser.push(bytes.subarray(0, cut))
      parser.push(bytes.subarray(cut))
    }
    expect(found).toHaveLength(bytes.length)
    expect(new Set(found.map((head) => written(head).join())).size).toBe(1)
    expect(new Set(found.map((head) => head.fields.messageId))).toEqual(new Set(['m123']))
  })

  test('are refused when there is another one behind them', () => {
    const twice = request(to('1') + from('1'), from('2'))
    expect(() => heads(twice)).toThrow('There are two From-Path fields')
    expect(() => heads(request(to('1') + from('1')), twice)).toThrow('There are two From-Path fields')
  })

  test('are found again among hundreds', () => {
    const all = Array.from({ length: 300 }, (_, index) => request(to(String(index)) + from(String(index))))
    const found = heads(...all, ...all)
    for (let index = 0; index < 300; index++) expect(found[index + 300]?.fields.paths).toBe(found[index]?.fields.paths)
  })

  test('are forgotten when there are too many of them, and read anew', () => {
    const all = Array.from({ length: 2000 }, (_, index) => request(to(String(index)) + from(String(index))))
    const found = heads(...all, all[0] ?? '')
    expect(written(found.at(-1))).toEqual(written(found[0]))
    expect(found.at(-1)?.fields.paths).not.toBe(found[0]?.fields.paths)
  })
})
