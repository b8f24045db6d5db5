import { existsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freePort } from './support/free-port.ts'
import { startProgram } from './support/process.ts'
import { randomBytes, sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { findProgram } from './support/requires.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const node = process.execPath

describe('a program under test', () => {
  test('gives its lines, its exit code and everything it printed', async () => {
    const program = startProgram(node, ['-e', 'console.log("on port 17"); console.error("oops"); process.exitCode = 3'])
    expect((await program.line(/on port (\d+)/))[1]).toBe('17')
    expect(await program.exit()).toEqual({ code: 3, signal: null })
    expect(program.stderr.lines).toEqual(['oops'])
    expect(program.stdout.text).toBe('on port 17\n')
  })

  test('tells at once that an awaited line will never come', async () => {
    const program = startProgram(node, ['-e', 'console.log("other")'])
    await expect(program.line(/wanted/)).rejects.toThrow(/has ended.*\n?other/s)
  })

  test('answers a prompt that has no line end', async () => {
    const script =
      'process.stdout.write("Password: "); process.stdin.once("data", (d) => { console.log("got " + d); process.exit() })'
    const program = startProgram(node, ['-e', script])
    await program.line(/Password: $/)
    await program.write('secret')
    await program.line(/got secret/)
  })

  test('shows its peak memory, also after its end', async () => {
    const script = 'const b = Buffer.alloc(150e6, 1); setTimeout(() => console.log(b.length), 200)'
    const program = startProgram(node, ['-e', script])
    await program.exit()
    expect(program.peakMemory).toBeGreaterThan(150e6)
    expect(program.peakMemory).toBeLessThan(400e6)
  })

  test('is seen from outside to have been stopped, even when it ignores SIGTERM', async () => {
    const script = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("ready")'
    const program = startProgram(node, ['-e', script])
    await program.line(/ready/)
    await program.stop()
    expect(program.exited).toEqual({ code: null, signal: 'SIGKILL' })
    expect(existsSync(`/proc/${program.pid}`)).toBe(false)
  })

  test('does not see that it runs under vitest', async () => {
    const program = startProgram(node, ['-p', '[process.env.VITEST, process.env.NODE_ENV].join()'])
    await program.exit()
    expect(program.stdout.lines).toEqual([','])
  })
})

describe('random files', () => {
  test.each([0, 1, 1 << 20, (1 << 20) + 1, 3_000_001])(
    'of %i bytes are repeatable and have their size',
    async (size) => {
      const folder = temporaryFolder()
      const file = await writeRandomFile(join(folder, 'a'), size, 7)
      expect(statSync(file.path).size).toBe(size)
      expect(await sha256OfFile(file.path)).toBe(file.sha256)
      expect((await writeRandomFile(join(folder, 'b'), size, 7)).sha256).toBe(file.sha256)
      if (size > 1) expect((await writeRandomFile(join(folder, 'c'), size, 8)).sha256).not.toBe(file.sha256)
    },
  )

  test('look random: every byte value about equally often', () => {
    const counts = new Array<number>(256).fill(0)
    for (const byte of randomBytes(256 * 1000)) counts[byte]!++
    expect(Math.min(...counts)).toBeGreaterThan(800)
    expect(Math.max(...counts)).toBeLessThan(1200)
  })
})

test('a free port can be listened on', async () => {
  const port = await freePort()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  server.close()
})

test('a temporary folder is outside the clone and empty', () => {
  const folder = temporaryFolder()
  expect(folder.startsWith(process.cwd())).toBe(false)
})

test('a program that is not installed is not found', () => {
  expect(findProgram('sh')).toMatch(/\/sh$/)
  expect(findProgram('no-such-program-anywhere')).toBeUndefined()
})
