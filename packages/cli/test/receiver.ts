import { createHash } from 'node:crypto'
import { type Program, startMsrp } from '../../../test/support/process.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'

/** How a command ends that did all it was asked for. */
export const ok = { code: 0, signal: null } as const

/** `msrp receive` on loopback, and what a sender needs to reach it. */
export async function receiver(
  args: readonly string[] = [],
  cwd: string = temporaryFolder(),
): Promise<{ program: Program; to: string[]; ca: string; cwd: string }> {
  const program = startMsrp(['receive', '--listen', '127.0.0.1:0', ...args], { cwd })
  const [, path = '', fingerprint] = await program.line(/^ {2}--to '([^']+)'(?: --fingerprint '([^']+)')?$/)
  if (fingerprint === undefined) return { program, to: ['--to', path], ca: '', cwd }
  const [, ca = ''] = await program.line(/--ca (\S+)/)
  return { program, to: ['--to', path, '--fingerprint', fingerprint], ca, cwd }
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}
