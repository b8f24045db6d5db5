import { describe, expect, test } from 'vitest'
import type { FileSink } from '../../src/session/platform.ts'
import { MemoryFile } from './memory-platform.ts'
import { settled } from './raw-peer.ts'
import { failure, nextMessage, passive, pattern } from './stage.ts'

describe('saveTo', () => {
  test('gives up when it is told to: nothing stays, and the sender hears 413 and why', async () => {
    const { session, peer, platform } = await passive()
    const controller = new AbortController()
    peer.write(peer.bytesOf({ body: pattern(10_000), transactionId: 'saving01' }).slice(0, 5_000))
    const saving = failure((await nextMessage(session)).saveTo('some.bin', { signal: controller.signal }))
    await settled()
    controller.abort('enough')
    const given = { code: 'aborted', status: 413, message: 'Saving the message was given up', cause: 'enough' }
    expect(await saving).toMatchObject(given)
    const { status, comment } = await peer.response('saving01')
    expect([status, comment]).toEqual([413, 'The recipient stopped receiving'])
    expect(platform.files.get('some.bin')!.state).toBe('discarded')
  })

  test('does not begin when it was told to give up before', async () => {
    const { session, peer, platform } = await passive()
    const id = peer.send({ body: pattern(10_000), range: '1-*/20000', flag: '+' })
    await peer.response(id)
    const saving = (await nextMessage(session)).saveTo('some.bin', { signal: AbortSignal.abort() })
    expect(await failure(saving)).toMatchObject({ code: 'aborted' })
    await settled()
    expect(platform.files.get('some.bin')?.state).not.toBe('finished')
  })

  test('fails where there are no files', async () => {
    const { session, peer } = await passive({}, {}, (platform) => {
      Object.assign(platform, { createFile: undefined })
    })
    peer.send({ body: 'hello' })
    expect(await failure((await nextMessage(session)).saveTo('some.bin'))).toMatchObject({ code: 'storage' })
  })

  test('fails when the file cannot be made, and tells the sender', async () => {
    const { session, peer, platform } = await passive()
    platform.files.set('taken.bin', Object.assign(new MemoryFile('taken.bin'), { state: 'finished' }))
    peer.write(peer.bytesOf({ body: pattern(10_000), transactionId: 'saving01' }).slice(0, 5_000))
    expect(await failure((await nextMessage(session)).saveTo('taken.bin'))).toMatchObject({ code: 'storage' })
    expect((await peer.response('saving01')).status).toBe(413)
  })

  test('that fails between two chunks tells the sender by a REPORT: after it the session may be closed', async () => {
    const { session, peer } = await passive()
    const sink = new MemoryFile('x')
    sink.failure = new Error('no space left')
    const id = peer.send({ messageId: 'thefile', body: pattern(10_000), range: '1-*/20000', flag: '+' })
    expect((await peer.response(id)).status).toBe(200)
    expect(await failure((await nextMessage(session)).saveTo(sink))).toMatchObject({ code: 'storage' })
    const report = await peer.request('REPORT')
    expect([report.field('Message-ID'), report.field('Status')]).toEqual(['thefile', '000 413 Stop Sending'])
  })

  test('fails when the disk does, and tells the sender', async () => {
    const { session, peer } = await passive()
    const sink = new MemoryFile('x')
    sink.failure = new Error('read-only')
    const bytes = peer.bytesOf({ body: pattern(100_000), transactionId: 'saving01' })
    peer.write(bytes.slice(0, 50_000))
    const error = await failure((await nextMessage(session)).saveTo(sink))
    expect(error).toMatchObject({ code: 'storage', cause: sink.failure })
    expect(sink.state).toBe('discarded')
    expect((await peer.response('saving01')).status).toBe(413)
    peer.write(bytes.slice(50_000))
    expect((await peer.response(peer.send({ body: 'fine' }))).status).toBe(200)
  })

  test.each(['write', 'finish'] as const)(
    'fails when the sink throws at once, from %s, and tells the sender; what else it throws says no more',
    async (call) => {
      const { session, peer } = await passive()
      const full = (): never => {
        throw new Error('disk full')
      }
      const discard = (): never => {
        throw new Error('nothing to discard')
      }
      const sink = { write: async () => {}, finish: async () => {}, discard }
      const bytes = peer.bytesOf({ body: pattern(1_000), transactionId: 'saving01' })
      peer.write(bytes.slice(0, 500))
      const saving = failure((await nextMessage(session)).saveTo(sink))
      await settled()
      // From here on what comes goes to the sink as it is read from the connection.
      Object.assign(sink, { [call]: full })
      peer.write(bytes.slice(500, call === 'write' ? 900 : undefined))
      expect(await saving).toMatchObject({ code: 'storage', message: expect.stringContaining('disk full') })
      if (call === 'write') expect((await peer.response('saving01')).status).toBe(413)
      else expect((await peer.request('REPORT')).field('Status')).toMatch(/^000 413/)
      if (call === 'write') peer.write(bytes.slice(900))
      expect((await peer.response(peer.send({ body: 'fine' }))).status).toBe(200)
    },
  )

  test('takes it for stored when `write` of a sink gives no promise', async () => {
    const { session, peer } = await passive()
    const pieces: Uint8Array[] = []
    const sink = {
      write: (_: number, bytes: Uint8Array) => {
        pieces.push(bytes)
      },
      finish: (size: number) => size,
      discard: () => {},
    }
    const bytes = peer.bytesOf({ body: pattern(1_000), transactionId: 'saving01', success: 'yes' })
    peer.write(bytes.slice(0, 500))
    const saving = (await nextMessage(session)).saveTo(sink as unknown as FileSink<number>)
    await settled()
    peer.write(bytes.slice(500))
    expect(await saving).toBe(1_000)
    expect(Buffer.concat(pieces)).toEqual(Buffer.from(pattern(1_000)))
    expect((await peer.request('REPORT')).field('Byte-Range')).toBe('1-1000/1000')
  })
})
