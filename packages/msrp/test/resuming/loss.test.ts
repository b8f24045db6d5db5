import { describe, expect, test } from 'vitest'
import type { OutgoingMessage } from '../../src/session/api.ts'
import { MemoryFile } from '../session/memory-platform.ts'
import { settled } from '../session/raw-peer.ts'
import { nextMessage, pattern, stateOf } from '../session/stage.ts'
import { collect, resumingStage, type Watch } from './resuming-stage.ts'

const MIB = 1024 * 1024

/** Both send texts and a longer message; the connection is cut at the so many-th write of the side. */
async function conversation(side: 'near' | 'far', write: number): Promise<{ cuts: number; writes: number }> {
  let writes = 0
  let cuts = 0
  const watch: Watch = (from, _, cable) => {
    if (from !== side || cable > 0 || ++writes !== write) return undefined
    cuts++
    return 'cut'
  }
  const stage = resumingStage({ watch })
  const { alice, bob } = stage
  const heard = [collect(bob), collect(alice)] as const
  const long = 'long '.repeat(2_000)
  const texts = ['one', 'two', long, 'three', 'four']
  const sent = [alice, bob].flatMap((from) => texts.map((text) => from.send(text)))
  await stage.until(() => alice.statistics.unconfirmed.messages + bob.statistics.unconfirmed.messages === 0)
  await Promise.all(sent.map(({ delivered }) => delivered))
  await settled()
  expect(heard[0]).toEqual(texts)
  expect(heard[1]).toEqual(texts)
  await stage.close()
  expect(stage.clock.pending).toBe(0)
  return { cuts, writes }
}

describe('Whenever the connection is lost, every message arrives once and in order, and delivered resolves (RFC4975-5.4-16, RFC4975-5.4-18, RFC4975-5.4-21)', () => {
  test.each(['near', 'far'] as const)('at each write of the %s side', async (side) => {
    const { writes } = await conversation(side, Number.POSITIVE_INFINITY)
    expect(writes).toBeGreaterThan(10)
    for (let write = 1; write <= writes; write++) expect(await conversation(side, write)).toMatchObject({ cuts: 1 })
  })
})
