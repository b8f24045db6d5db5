import { appendFileSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { JsonLinesFile } from '../../src/accounting/json-lines.ts'
import { sqliteRecords } from '../../src/accounting/sqlite-records.ts'
import { record } from './records.ts'

async function openFile() {
  const path = join(temporaryFolder(), 'sessions.jsonl')
  const file = new JsonLinesFile(path, { sync: true })
  onTestFinished(() => file.close())
  await file.open()
  const ids = (from = path): string[] => {
    const lines = readFileSync(from, 'utf8').split('\n')
    expect(lines.pop()).toBe('')
    return lines.map((line) => JSON.parse(line).id)
  }
  return { path, file, ids }
}

describe('a file of JSON lines', () => {
  it('is made for its owner alone, and holds one record a line', async () => {
    const { path, file, ids } = await openFile()
    await file.write([record(1), record(2)])
    await file.write([record(3)])
    expect(ids()).toEqual(['start-1', 'start-2', 'start-3'])
    expect(JSON.parse(readFileSync(path, 'utf8').split('\n')[0]!)).toEqual(record(1))
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('goes on where it is found', async () => {
    const { path, file, ids } = await openFile()
    await file.write([record(1)])
    await file.close()
    const again = new JsonLinesFile(path, { sync: false })
    await again.write([record(2)])
    await again.close()
    expect(ids()).toEqual(['start-1', 'start-2'])
  })

  it('is opened anew when it was renamed, and when it was emptied goes on in it', async () => {
    const { path, file, ids } = await openFile()
    await file.write([record(1)])
    renameSync(path, `${path}.1`)
    await file.write([record(2)])
    expect([ids(`${path}.1`), ids()]).toEqual([['start-1'], ['start-2']])
    truncateSync(path)
    await file.write([record(3)])
    expect(ids()).toEqual(['start-3'])
  })

  it('separates a line that a crash has cut from what comes next', async () => {
    const path = join(temporaryFolder(), 'sessions.jsonl')
    writeFileSync(path, '{"id":"sta')
    const file = new JsonLinesFile(path, { sync: false })
    await file.write([record(1)])
    await file.close()
    const [first, second] = readFileSync(path, 'utf8').split('\n')
    expect([first, JSON.parse(second!).id]).toEqual(['{"id":"sta', 'start-1'])
  })

  it('in a folder that is not there is refused at the start, with what to do', async () => {
    const file = new JsonLinesFile(join(temporaryFolder(), 'missing', 'sessions.jsonl'), { sync: true })
    await expect(file.open()).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining('create it') })
  })
})

describe('a database', () => {
  const rows = (path: string): Record<string, unknown>[] => {
    const database = new DatabaseSync(path, { readOnly: true })
    try {
      return database.prepare('SELECT * FROM msrp_sessions ORDER BY id').all()
    } finally {
      database.close()
    }
  }

  it('is made when it is missing, and holds one record a row', async () => {
    const path = join(temporaryFolder(), 'sessions.sqlite')
    const records = await sqliteRecords(path)
    await records.write([record(1), record(2)])
    await records.close()
    const again = await sqliteRecords(path)
    await again.write([record(3)])
    await again.close()
    expect(rows(path).map(({ id }) => id)).toEqual(['start-1', 'start-2', 'start-3'])
    expect(rows(path)[0]).toEqual({ ...record(1), peers: JSON.stringify(record(1).peers) })
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('has a batch whole or not at all, and once, however often it is tried', async () => {
    const path = join(temporaryFolder(), 'sessions.sqlite')
    const records = await sqliteRecords(path)
    await records.write([record(2)])
    await expect(records.write([record(1), record(2), record(3)])).rejects.toMatchObject({ code: 'storage' })
    expect(rows(path)).toHaveLength(1)
    await records.write([record(1), record(2), record(3)])
    await records.close()
    expect(rows(path)).toHaveLength(3)
  })

  it('that is none is refused at the start', async () => {
    const path = join(temporaryFolder(), 'sessions.sqlite')
    appendFileSync(path, 'This is not a database, and long enough to be taken for one.'.repeat(20))
    await expect(sqliteRecords(path)).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining(path) })
  })
})
