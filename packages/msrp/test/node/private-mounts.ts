import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** Why a program cannot have mounts of its own here; undefined when it can. */
export function whyNoPrivateMounts(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux'
  const { status, stderr, error } = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'])
  if (status === 0) return undefined
  return `needs leave to mount (unshare -m): ${error?.message ?? stderr.toString().trim()}`
}

/** Runs a module's text with mounts that only it sees, made by a shell command; resolves with what it prints. */
export async function runWithMounts(mounts: string, program: string): Promise<string> {
  const child = spawn(
    'unshare',
    ['-m', 'sh', '-c', `${mounts} && exec "$@"`, 'sh', process.execPath, '--input-type=module', '-e', program],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  let errors = ''
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes
  })
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes
  })
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`the program ended with ${code}: ${errors}`)
  return output
}
