import { expect, test } from 'vitest'
import { fileSink, type WritableFile } from '../../src/browser/file-sink.ts'
import { settled } from '../session/raw-peer.ts'
import { nextMessage, passive } from '../session/stage.ts'

/** A file that remembers what was done to it. */
function aFile(): { file: WritableFile; done: string[] } {
  const done: string[] = []
  const writable = {
    write: async ({ position, data }: { position: number; data: Uint8Array }) => {
      done.push(`${position}: ${new TextDecoder().decode(data)}`)
    },
    close: async () => void done.push('closed'),
    abort: async () => void done.push('given up'),
  }
  const file = {
    createWritable: async () => writable as unknown as FileSystemWritableFileStream,
    remove: async () => void done.push('removed'),
  }
  return { file, done }
}

test('A message is written to a file of the browser as it comes, and is there when all of it is', async () => {
  const { session, peer } = await passive()
  const { file, done } = aFile()
  peer.send({ messageId: 'parts', range: '4-7/7', body: 'then', success: 'yes' })
  const saving = (await nextMessage(session)).saveTo(await fileSink(file))
  await settled()
  expect(done).toEqual(['3: then'])
  peer.send({ messageId: 'parts', range: '1-3/7', body: 'now', flag: '+', success: 'yes' })
  await saving
  expect(done).toEqual(['3: then', '0: now', 'closed'])
  expect((await peer.request('REPORT')).field('Byte-Range')).toBe('1-7/7')
})

test.each([
  ['stays as it was', {}, ['0: now', '3: not', 'given up']],
  ['that was made for the message goes away', { created: true }, ['0: now', '3: not', 'given up', 'removed']],
])('When the message fails, a file %s', async (_, options, expected) => {
  const { session, peer } = await passive()
  const { file, done } = aFile()
  peer.send({ messageId: 'parts', range: '1-3/7', body: 'now', flag: '+' })
  const saving = (await nextMessage(session)).saveTo(await fileSink(file, options))
  await settled()
  peer.send({ messageId: 'parts', range: '4-6/7', body: 'not', flag: '#' })
  await expect(saving).rejects.toMatchObject({ code: 'aborted' })
  expect(done).toEqual(expected)
})
