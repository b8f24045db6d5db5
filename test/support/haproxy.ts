import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Program, startProgram } from './process.ts'
import { findProgram } from './requires.ts'
import { temporaryFolder } from './temporary-folder.ts'

const common = `global
  log stdout format raw daemon notice
defaults
  mode tcp
  log global
  timeout connect 5s
  timeout client 60s
  timeout server 60s
`

/**
 * Starts HAProxy with these sections until the end of the test, and waits until it listens on `port`. Whoever uses it
 * guards the tests with `requires(context, 'haproxy')`.
 */
export async function startHaproxy(sections: readonly string[], port: number): Promise<Program> {
  const config = join(temporaryFolder(), 'haproxy.cfg')
  writeFileSync(config, [common, ...sections, ''].join('\n'))
  // In the foreground and as one process, which is the one that the tests end. It does not say when it listens.
  const program = startProgram(findProgram('haproxy') ?? 'haproxy', ['-db', '-f', config])
  while (!(await listens(port))) {
    if (program.exited !== undefined) throw new Error(`did not start: ${program.describe()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return program
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
