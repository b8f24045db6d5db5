import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import { modulesFolder } from './peers/kamailio.ts'

/** What a run needs beside Node.js, and the Debian package that has it. */
const needed: readonly (readonly [what: string, debianPackage: string, present: () => boolean])[] = [
  ['a C compiler', 'gcc', () => program('gcc')],
  ['the headers of the C library', 'libc6-dev', () => existsSync('/usr/include/stdio.h')],
  ['the headers of OpenSSL', 'libssl-dev', () => existsSync('/usr/include/openssl/ssl.h')],
  ['unshare and taskset', 'util-linux', () => program('unshare') && program('taskset')],
  ['ip', 'iproute2', () => program('ip')],
  ['sysctl', 'procps', () => program('sysctl')],
  ['HAProxy', 'haproxy', () => program('haproxy')],
  ['Kamailio', 'kamailio', () => program('kamailio')],
  ['its TLS', 'kamailio-tls-modules', () => modulesFolder('tls.so') !== undefined],
]

/** What is missing, as lines for people; empty when a run can begin. Nothing is installed by a run. */
export function missing(): string[] {
  if (process.platform !== 'linux') return ['missing: Linux, for its network namespaces and process accounting']
  const lacking = needed.filter(([, , present]) => !present())
  const lines = lacking.map(([what, name]) => `missing: ${what} (Debian package ${name})`)
  if (lacking.length > 0) lines.push(`apt-get install ${lacking.map(([, name]) => name).join(' ')}`)
  if (availableParallelism() < 2) lines.push('missing: a second core, one being for the relay and one for the load')
  if (program('unshare') && !namespaces()) {
    lines.push('missing: the right to make network and process namespaces (run it as root, outside of a container)')
  }
  return lines
}

function namespaces(): boolean {
  const own = ['--net', '--pid', '--fork', '--mount-proc', ...(process.getuid?.() === 0 ? [] : ['-r'])]
  return spawnSync('unshare', [...own, 'true']).status === 0
}

function program(name: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => executable(join(folder, name)))
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
