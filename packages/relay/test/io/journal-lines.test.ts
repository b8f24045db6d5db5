import { closeSync, fstatSync, openSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { MsrpError } from 'msrp/wire'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createLog, type RelayLog } from '../../src/io/index.ts'
import { isJournal } from '../../src/io/journal-lines.ts'

function logged(write: (log: RelayLog) => void): string[] {
  const destination = new PassThrough()
  write(createLog({ level: 'debug', format: 'journal' }, destination))
  return String(destination.read() ?? '')
    .trimEnd()
    .split('\n')
}

describe('for the journal', () => {
  test('a line begins with its priority and ends with its fields', () => {
    const lines = logged((log) => {
      log.debug({ connection: 7 }, 'connection opened')
      log.info({ account: 'alice@example.com', far: 'tls 192.0.2.7:2855' }, 'session ended')
      log.warn({ waiting: 12, inbound: true, ports: [1, 2] }, 'closed')
      log.error({ err: new MsrpError('refused', 'not to that address', { status: 403 }) }, 'failed')
    })
    expect(lines).toEqual([
      '<7>connection opened connection=7',
      '<6>session ended account=alice@example.com far="tls 192.0.2.7:2855"',
      '<4>closed waiting=12 inbound=true ports=1,2',
      `<3>failed err=${JSON.stringify('{"type":"MsrpError","code":"refused","status":403,"message":"not to that address"}')}`,
    ])
  })

  test('nothing that others send begins a line, or a field', () => {
    const lines = logged((log) => {
      log.info({ account: 'eve\n<0>the machine is on fire', name: 'x" level=9', empty: '' }, 'one\ntwo')
    })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^<6>one two account="eve.*<0>the machine is on fire" name="x\\" level=9" empty=""$/)
  })

  test('secrets are masked as in all lines', () => {
    const [line] = logged((log) => log.info({ uri: 'msrps://relay.example.com:2855/abcdefghijklmnop;tcp' }, 'x'))
    expect(line).toBe('<6>x uri=msrps://relay.example.com:2855/abcdef…;tcp')
  })
})

test('whether a stream is the journal is told by its device and inode, and not by the variable alone', () => {
  const fd = openSync('/dev/null', 'w')
  onTestFinished(() => closeSync(fd))
  const { dev, ino } = fstatSync(fd)
  const stream = Object.assign(new PassThrough(), { fd })
  expect(isJournal(stream, { JOURNAL_STREAM: `${dev}:${ino}` })).toBe(true)
  expect(isJournal(stream, { JOURNAL_STREAM: `${dev}:${ino + 1}` })).toBe(false)
  expect(isJournal(stream, {})).toBe(false)
  expect(isJournal(new PassThrough(), { JOURNAL_STREAM: `${dev}:${ino}` })).toBe(false)
})
