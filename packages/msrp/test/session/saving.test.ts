import { describe, expect, test } from 'vitest'
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
})
