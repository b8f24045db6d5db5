import type { Program } from './process.ts'

// What a Node program really keeps. Seen from outside, memory also holds garbage that waits to be collected and what the
// allocator does not give back: tens of MiB, in which a leak would hide.

const script = `
  import { setFlagsFromString } from 'node:v8'
  import { runInNewContext } from 'node:vm'
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  let times = 0
  process.on('SIGUSR2', async () => {
    // What waits to be told that something was collected is told in between.
    for (let round = 0; round < 2; round++) {
      collect()
      await new Promise((resolve) => setImmediate(resolve))
    }
    const { heapUsed, external } = process.memoryUsage()
    process.stderr.write('heap ' + ++times + ': ' + (heapUsed + external) + ' bytes\\n')
  })
`

/** In its environment a Node program collects its garbage at SIGUSR2, and says on standard error what is left. */
export const saysItsHeap: { readonly NODE_OPTIONS: string } = {
  NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(script).toString('base64')}`,
}

/** How often each program was asked. */
const asked = new WeakMap<Program, number>()

/** Bytes that a program keeps, buffers included and garbage not; it was started with `saysItsHeap`. */
export async function heapOf(program: Program): Promise<number> {
  const times = (asked.get(program) ?? 0) + 1
  asked.set(program, times)
  program.kill('SIGUSR2')
  return Number((await program.stderr.line(new RegExp(`^heap ${times}: (\\d+) bytes$`)))[1])
}
