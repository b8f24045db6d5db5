import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'vitest'

/** The Debian package of a program whose package is named otherwise. */
const packages: Record<string, string> = {
  dnsmasq: 'dnsmasq-base',
  'dpkg-deb': 'dpkg',
  ip: 'iproute2',
  man: 'man-db',
  nft: 'nftables',
  nsenter: 'util-linux',
  ps: 'procps',
  'systemd-analyze': 'systemd',
  'systemd-notify': 'systemd',
  'systemd-nspawn': 'systemd-container',
  unshare: 'util-linux',
}

/**
 * Skips the test, with the reason, when one of the programs is not installed:
 *
 *     beforeEach((context) => requires(context, 'kamailio'))
 *
 * The runner prints the reason, and under CI=true takes a skipped test for a failure.
 */
export function requires(context: Pick<TestContext, 'skip'>, ...programs: string[]): void {
  const missing = programs.filter((program) => findProgram(program) === undefined)
  if (missing.length === 0) return
  const wanted = missing.map((program) => packages[program] ?? program)
  context.skip(`${missing.join(', ')} not installed (Debian: apt-get install ${wanted.join(' ')})`)
}

/** The full path of a program, looked for on PATH and where Debian keeps servers; undefined when it is not installed. */
export function findProgram(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return folders.map((folder) => join(folder, program)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
