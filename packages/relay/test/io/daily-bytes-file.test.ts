import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { until } from '../../../../test/support/transfer.ts'
import { DailyBytesFile } from '../../src/io/daily-bytes-file.ts'

const NOON = Date.UTC(2026, 1, 28, 12) / 1000

const logged: string[] = []
const log = {
  debug: () => {},
  info: () => {},
  warn: (_: object, message: string) => void logged.push(message),
}

async function open(folder: string, { now = NOON, interval = 3_600_000 } = {}): Promise<DailyBytesFile> {
  logged.length = 0
  const file = await DailyBytesFile.open(folder, log, { time: () => now, interval })
  onTestFinished(() => file.close())
  return file
}

describe('the file of the bytes of a day', () => {
  it('gives after a restart what was counted before it, for its owner alone', async () => {
    const folder = join(temporaryFolder(), 'state')
    const before = await open(folder)
    before.counts.add('alice@example.com', 100)
    before.counts.add('__proto__', 1)
    await before.close()
    const after = await open(folder)
    expect([after.counts.used('alice@example.com'), after.counts.used('__proto__')]).toEqual([100, 1])
    expect(statSync(join(folder, 'daily-bytes.json')).mode & 0o777).toBe(0o600)
    expect((await open(folder, { now: NOON + 86_400 })).counts.used('alice@example.com')).toBe(0)
  })

  it('is written now and then, and not when there is nothing new', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'daily-bytes.json')
    const file = await open(folder, { interval: 1 })
    file.counts.add('alice@example.com', 100)
    const content = await until(() => readIfThere(path), 'the file')
    expect(JSON.parse(content)).toEqual({ day: '2026-02-28', bytes: { 'alice@example.com': 100 } })
    await file.write()
    const { ino } = statSync(path)
    await file.write()
    expect(statSync(path).ino).toBe(ino)
  })

  it('is not made as long as nothing is counted', async () => {
    const folder = temporaryFolder()
    await (await open(folder)).close()
    expect(readIfThere(join(folder, 'daily-bytes.json'))).toBeUndefined()
  })

  it.each(['', 'no JSON', '[]', '{"day":1,"bytes":{}}', '{"day":"2026-02-28"}'])(
    'that holds %j is told of, and counting begins anew',
    async (content) => {
      const folder = temporaryFolder()
      writeFileSync(join(folder, 'daily-bytes.json'), content)
      const file = await open(folder)
      expect(logged).toEqual(['the bytes of today are counted anew: their file cannot be read'])
      file.counts.add('alice@example.com', 7)
      await file.close()
      expect((await open(folder)).counts.used('alice@example.com')).toBe(7)
    },
  )

  it('that cannot be written is told of, and tried again', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'daily-bytes.json')
    mkdirSync(path)
    const file = await open(folder)
    file.counts.add('alice@example.com', 7)
    await file.write()
    expect(logged).toContain('the bytes of today could not be written')
    await file.write()
    expect(logged.filter((line) => line.includes('written'))).toHaveLength(2)
  })
})

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
