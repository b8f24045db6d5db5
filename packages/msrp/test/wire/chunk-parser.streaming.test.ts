import { describe, expect, test } from 'vitest'
import { ChunkParser, DEFAULT_LIMITS } from '../../src/wire/index.ts'
import { binary, block, cut, Recorder, record } from './recorder.ts'

const paths = 'To-Path: msrp://b.example:1/x;tcp\nFrom-Path: msrp://a.example:1/y;tcp\n'
const head = block(`MSRP a786hjs2 SEND\n${paths}Message-ID: 87652491\nContent-Type: text/plain\n\n`)
const endLine = block('\n-------a786hjs2$\n')

describe('bodies are handed on as they arrive', () => {
  test('a body byte is never held back unless it may belong to the end-line', () => {
    const recorder = new Recorder()
    const parser = new ChunkParser(recorder)
    parser.push(head)
    for (let sent = 1; sent <= 100; sent++) {
      parser.push(binary('x'))
      expect(recorder.chunks[0]?.body).toHaveLength(sent)
    }
  })

  test('bytes that may begin the end-line wait, and nothing before them does', () => {
    const recorder = new Recorder()
    const parser = new ChunkParser(recorder)
    parser.push(head)
    parser.push(block('Hello\n-------a786hj'))
    expect(recorder.chunks[0]?.body).toBe('Hello')
    parser.push(block('!'))
    expect(recorder.chunks[0]?.body).toBe('Hello\r\n-------a786hj!')
  })

  test('body bytes are views of the bytes that were pushed, not copies', () => {
    const recorder = new Recorder()
    const parser = new ChunkParser(recorder)
    const piece = Uint8Array.from([...head, ...binary('Hello'), ...endLine])
    parser.push(piece)
    expect(recorder.bodyPieces).toHaveLength(1)
    expect(recorder.bodyPieces[0]?.buffer).toBe(piece.buffer)
    expect(recorder.bodyPieces[0]?.byteOffset).toBe(piece.byteOffset + head.length)
  })

  test('a body in one piece is handed on as one piece, look-alikes and all', () => {
    const recorder = new Recorder()
    const body = block('one\n-------a786hjs3$\ntwo-------a786hjs2$\n'.repeat(100))
    new ChunkParser(recorder).push(Uint8Array.from([...head, ...body, ...endLine]))
    expect(recorder.bodyPieces.map((piece) => piece.length)).toEqual([body.length])
  })

  test('a Buffer can be pushed as well', () => {
    const recorder = new Recorder()
    const parser = new ChunkParser(recorder)
    for (const piece of cut(Buffer.from([...head, ...binary('Hello'), ...endLine]), 7, 90, 150)) parser.push(piece)
    expect(recorder.chunks[0]).toMatchObject({ body: 'Hello', flag: '$' })
  })
})

describe('what can be asked between pushes', () => {
  test('idle is true between chunks only', () => {
    const parser = new ChunkParser(new Recorder())
    expect(parser.idle).toBe(true)
    parser.push(block('\n'))
    expect(parser.idle).toBe(true)
    parser.push(binary('M'))
    expect(parser.idle).toBe(false)
    parser.push(head.subarray(1))
    expect(parser.idle).toBe(false)
    parser.push(endLine)
    expect(parser.idle).toBe(true)
  })

  test('partialHead is what has come of a head', () => {
    const parser = new ChunkParser(new Recorder())
    expect(parser.partialHead).toBeUndefined()
    const silent = 'MSRP abcd 423 Interval Out Of Bounds\r\nTo-Path: x\r\nMin-Exp'
    for (const piece of cut(binary(silent), 3, 9, 39, 45)) parser.push(piece)
    expect(parser.partialHead).toBe(silent)
  })

  test('partialHead is undefined in a body and between chunks', () => {
    const parser = new ChunkParser(new Recorder())
    parser.push(head)
    expect(parser.partialHead).toBeUndefined()
    parser.push(endLine)
    expect(parser.partialHead).toBeUndefined()
  })
})

describe('heads outlive the bytes they came in', () => {
  test.each([1, 2, 500])('%i heads stay as they were, whatever comes after them', (count) => {
    const kept: Array<() => string> = []
    const parser = new ChunkParser({
      onHead: (received) => kept.push(() => `${received.fields.messageId} ${received.fields.toPath.join(' ')}`),
      onBody: () => {},
      onEnd: () => {},
    })
    for (let index = 0; index < count; index++) {
      const bytes = block(
        `MSRP abcd SEND\nTo-Path: msrp://h:1/s${index};tcp\nFrom-Path: msrp://h:2/t;tcp\nMessage-ID: m${index}\n-------abcd$\n`,
      )
      parser.push(bytes)
      bytes.fill(0)
    }
    expect(kept.map((read) => read())).toEqual(kept.map((_, index) => `m${index} msrp://h:1/s${index};tcp`))
  })

  test('equal paths on one connection are parsed once', () => {
    const seen = new Set<unknown>()
    const parser = new ChunkParser({
      onHead: ({ fields }) => seen.add(fields.toPath),
      onBody: () => {},
      onEnd: () => {},
    })
    for (let count = 0; count < 20; count++) parser.push(Uint8Array.from([...head, ...endLine]))
    expect(seen.size).toBe(1)
  })
})

describe('what is remembered of one head never shows in the next', () => {
  const head = (lines: string): string => `MSRP abcd SEND\n${lines}-------abcd$\n`
  const fieldsOf = (...heads: string[]): string[][] => record(heads.map(block)).chunks.map(({ fields }) => fields)

  test('paths of the same length', () => {
    const hosts = ['aaaa', 'aaab', 'abaa', 'baaa', 'baab', 'aaaa']
    const toPaths: string[] = []
    const parser = new ChunkParser({
      onHead: ({ fields }) => toPaths.push(fields.toPath.join(' ')),
      onBody: () => {},
      onEnd: () => {},
    })
    for (const host of hosts) parser.push(block(head(`To-Path: msrp://${host}:1/x;tcp\nFrom-Path: msrp://h:1/x;tcp\n`)))
    expect(toPaths).toEqual(hosts.map((host) => `msrp://${host}:1/x;tcp`))
  })

  test('more paths than are remembered', () => {
    const ports = Array.from({ length: 30 }, (_, index) => 1000 + (index % 20))
    const seen: Array<number | undefined> = []
    const parser = new ChunkParser({
      onHead: ({ fields }) => seen.push(fields.toPath[0]?.port),
      onBody: () => {},
      onEnd: () => {},
    })
    for (const port of ports) parser.push(block(head(`To-Path: msrp://h:${port}/x;tcp\nFrom-Path: msrp://h:1/x;tcp\n`)))
    expect(seen).toEqual(ports)
  })

  test('fields whose names are equally long, in the same lines', () => {
    const seen: unknown[] = []
    const parser = new ChunkParser({
      onHead: ({ fields }) =>
        seen.push([fields.messageId, fields.byteRange?.start, fields.successReport, fields.failureReport]),
      onBody: () => {},
      onEnd: () => {},
    })
    const one = `${paths}Message-ID: 1-1/1\nByte-Range: 2-2/2\nSuccess-Report: yes\nFailure-Report: no\n`
    const other = `${paths}Byte-Range: 2-2/2\nMessage-ID: 1-1/1\nFailure-Report: no\nSuccess-Report: yes\n`
    const neither = `${paths}Message-XX: 1-1/1\nByte-XXXXX: 2-2/2\nSuccess-XXXXXX: yes\nXXXXXXX-Report: no\n`
    for (const lines of [one, other, neither, one]) parser.push(block(head(lines)))
    const full = ['1-1/1', 2, true, 'no']
    expect(seen).toEqual([full, full, [undefined, undefined, false, 'yes'], full])
    expect(fieldsOf(head(one), head(neither))).toEqual([one, neither].map((lines) => lines.trimEnd().split('\n')))
  })
})

describe('limits', () => {
  const request = (lines: string): Uint8Array => block(`MSRP abcd SEND\n${paths}${lines}-------abcd$\n`)
  const longest = `X: ${'y'.repeat(DEFAULT_LIMITS.headerLineBytes - 5)}\n`

  test('a line of the longest size is read, one byte more is not', () => {
    expect(record([request(longest)])).toMatchObject({ chunks: [{ flag: '$' }], idle: true })
    expect(record([request(`X${longest}`)])).toMatchObject({ chunks: [], error: 'limit-exceeded' })
  })

  test('a line without end is given up at the limit, and what is kept stays below it', () => {
    const parser = new ChunkParser(new Recorder())
    parser.push(binary('MSRP abcd SEND\r\nX: '))
    for (let sent = 3; sent < DEFAULT_LIMITS.headerLineBytes; sent++) parser.push(binary('y'))
    expect(parser.partialHead).toHaveLength(16 + DEFAULT_LIMITS.headerLineBytes)
    expect(() => parser.push(binary('y'))).toThrow(expect.objectContaining({ code: 'limit-exceeded' }))
  })

  test('a header block of the longest size is read, one byte more is not', () => {
    const bytes = request(`${longest}X: \n`)
    const room = DEFAULT_LIMITS.headerBlockBytes - bytes.length
    const fits = request(`${longest}X: ${'z'.repeat(room)}\n`)
    const tooLong = request(`${longest}X: ${'z'.repeat(room + 1)}\n`)
    for (const split of [0, 1, 5000, 9000]) {
      expect(record(cut(fits, split))).toMatchObject({ chunks: [{ flag: '$' }], idle: true })
      expect(record(cut(tooLong, split))).toMatchObject({ chunks: [], error: 'limit-exceeded' })
    }
  })

  test('a path of the most URIs is read, one more is not', () => {
    const path = (count: number): Uint8Array =>
      block(`MSRP abcd SEND\nTo-Path:${' msrp://a:1/x;tcp'.repeat(count)}\nFrom-Path: msrp://b:1/x;tcp\n-------abcd$\n`)
    expect(record([path(DEFAULT_LIMITS.pathUris)])).toMatchObject({ idle: true })
    expect(record([path(DEFAULT_LIMITS.pathUris + 1)])).toMatchObject({ error: 'limit-exceeded' })
  })

  test.each(['REPORT', 'AUTH', 'NICKNAME', 'XYZZY'])('RFC4975-7.1-6: a body of %s is 10240 bytes at most', (method) => {
    const sized = (size: number): Uint8Array =>
      block(`MSRP abcd ${method}\n${paths}Content-Type: a/b\n\n${'x'.repeat(size)}\n-------abcd$\n`)
    for (const split of [0, 300, 10000]) {
      expect(record(cut(sized(10240), split))).toMatchObject({ chunks: [{ flag: '$' }], idle: true })
      expect(record(cut(sized(10241), split))).toMatchObject({ error: 'limit-exceeded' })
    }
  })

  test('RFC4975-7.1.1-23: a body of SEND has no limit', () => {
    let received = 0
    let flag: string | undefined
    const parser = new ChunkParser({
      onHead: () => {},
      onBody: (bytes) => {
        received += bytes.length
      },
      onEnd: (ended) => {
        flag = ended
      },
    })
    parser.push(head)
    const piece = new Uint8Array(1 << 20)
    for (let sent = 0; sent < 64; sent++) parser.push(piece)
    parser.push(endLine)
    expect([received, flag]).toEqual([64 << 20, '$'])
  })

  test('a body in a response is bounded as well', () => {
    const bytes = block(`MSRP abcd 200 OK\n${paths}\n${'x'.repeat(10241)}\n-------abcd$\n`)
    expect(record([bytes])).toMatchObject({ error: 'limit-exceeded' })
  })

  test('limits can be set one by one, and undefined is the default', () => {
    const unset = { headerLineBytes: undefined, headerBlockBytes: undefined }
    expect(record([request(`X${longest}`)], unset)).toMatchObject({ error: 'limit-exceeded' })
    expect(record([request(`X: ${'y'.repeat(100)}\n`)], { headerLineBytes: 100 })).toMatchObject({
      error: 'limit-exceeded',
    })
    expect(record([request('')], { headerBlockBytes: 100 })).toMatchObject({ error: 'limit-exceeded' })
    const two = block(
      'MSRP abcd SEND\nTo-Path: msrp://a:1/x;tcp msrp://a:1/x;tcp\nFrom-Path: msrp://b:1/x;tcp\n-------abcd$\n',
    )
    expect(record([two], { pathUris: 1 })).toMatchObject({ error: 'limit-exceeded' })
    const body = block(`MSRP abcd AUTH\n${paths}\nxx\n-------abcd$\n`)
    expect(record([body], { nonSendBodyBytes: 1 })).toMatchObject({ error: 'limit-exceeded' })
  })
})
