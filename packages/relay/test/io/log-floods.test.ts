import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../../msrp/test/transport/fake-clock.ts'
import { FloodedLog } from '../../src/io/log-floods.ts'

function flooded() {
  const clock = new FakeClock()
  const lines: [level: string, message: string, fields: object][] = []
  const writer =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push([level, message, fields])
    }
  const log = new FloodedLog({ debug: writer('debug'), info: writer('info'), warn: writer('warn') }, clock)
  return { clock, lines, log }
}

const refused = 'refused: too many connections'

describe('a flood of lines that are alike', () => {
  it('is told at once, and then every ten seconds by the latest with how many were left out', async () => {
    const { clock, lines, log } = flooded()
    for (let total = 1; total <= 1000; total++) log.warn({ address: '192.0.2.1', total }, refused)
    expect(lines).toEqual([['warn', refused, { address: '192.0.2.1', total: 1 }]])
    await clock.advance(10_000)
    expect(lines[1]).toEqual(['warn', refused, { address: '192.0.2.1', total: 1000, leftOut: 998 }])
    log.warn({ address: '192.0.2.1', total: 1001 }, refused)
    expect(lines).toHaveLength(2)
    await clock.advance(10_000)
    expect(lines[2]).toEqual(['warn', refused, { address: '192.0.2.1', total: 1001 }])
    await clock.advance(10_000)
    expect(clock.pending).toBe(0)
    log.warn({ address: '192.0.2.1', total: 1 }, refused)
    expect(lines).toHaveLength(4)
  })

  it('hides nothing about another address, account or peer, nothing else that happens, and no debugging', () => {
    const { lines, log } = flooded()
    for (let turn = 0; turn < 2; turn++) {
      for (const subject of [{ address: '192.0.2.1' }, { address: '192.0.2.2' }, { account: 'a' }, { far: 'f' }, {}]) {
        log.info({ ...subject, turn }, 'one')
        log.warn({ ...subject, turn }, 'other')
      }
    }
    expect(lines).toHaveLength(10)
    for (let turn = 0; turn < 5; turn++) log.debug({}, 'one')
    expect(lines).toHaveLength(15)
  })

  it('from ever new addresses makes some hundreds of lines, and counts the others together', async () => {
    const { clock, lines, log } = flooded()
    for (let index = 0; index < 10_000; index++) log.warn({ address: `2001:db8::${index.toString(16)}` }, refused)
    expect(lines).toHaveLength(257)
    await clock.advance(10_000)
    expect(lines.at(-1)).toEqual(['warn', refused, { address: '2001:db8::270f', leftOut: 10_000 - 257 - 1 }])
    await clock.advance(10_000)
    expect(clock.pending).toBe(0)
  })

  it('is told to its end when the program ends', () => {
    const { lines, log } = flooded()
    for (let total = 1; total <= 3; total++) log.warn({ total }, refused)
    log.flush()
    log.flush()
    expect(lines.map(([, , fields]) => fields)).toEqual([{ total: 1 }, { total: 3, leftOut: 1 }])
  })
})
