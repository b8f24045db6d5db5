import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { nodeClock, nodeHash, nodeRandom } from '../../src/node/index.ts'

describe('the clock', () => {
  it('runs an action after its time, once', async () => {
    const begun = nodeClock.now()
    await new Promise<void>((resolve) => nodeClock.after(20, resolve))
    expect(nodeClock.now() - begun).toBeGreaterThanOrEqual(19)
  })

  it('does not run what was taken back', async () => {
    let ran = false
    const cancel = nodeClock.after(5, () => {
      ran = true
    })
    cancel()
    await new Promise<void>((resolve) => nodeClock.after(20, resolve))
    cancel()
    expect(ran).toBe(false)
  })

  it('takes spans that are longer than Node’s timers can be', async () => {
    let ran = false
    const cancel = nodeClock.after(2 ** 40, () => {
      ran = true
    })
    await new Promise<void>((resolve) => nodeClock.after(20, resolve))
    cancel()
    expect(ran).toBe(false)
  })

  it('does not keep a process alive', () => {
    const entry = new URL('../../src/node/index.ts', import.meta.url).href
    const program = `import { nodeClock } from '${entry}'; nodeClock.after(3_600_000, () => {})`
    const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      stdio: 'inherit',
      timeout: 5_000,
    })
    expect(status).toBe(0)
  })
})

it.each([
  ['md5', '', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['md5', 'größe', 'fdbb3a56280acfa9031707622c599ccb'],
  ['sha-256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
] as const)('hashes with %s the UTF-8 of %j', (algorithm, text, digest) => {
  expect(nodeHash(algorithm, text)).toBe(digest)
})

it('gives as many random bytes as asked for, never the same', () => {
  expect(nodeRandom(16)).toHaveLength(16)
  expect(nodeRandom(16)).not.toEqual(nodeRandom(16))
})
