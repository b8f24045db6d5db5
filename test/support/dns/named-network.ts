import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { type Program, startProgram } from '../process.ts'
import { findProgram, requires } from '../requires.ts'
import { temporaryFolderOfFile } from '../temporary-folder.ts'

/**
 * A network of its own in which names are what a real name server says: dnsmasq on its loopback, and a resolv.conf that
 * leads there. All of 127.0.0.0/8 is free in it, on every port.
 */
export class NamedNetwork {
  readonly #holder: Program
  readonly dnsmasq: Program

  /** `records`: lines of dnsmasq's configuration, such as `host-record=relay.example.com,127.0.0.11`. Until the end of the file. */
  static async create(records: readonly string[]): Promise<NamedNetwork> {
    const folder = temporaryFolderOfFile()
    const [resolv, hosts, config] = ['resolv.conf', 'hosts', 'dnsmasq.conf'].map((name) => join(folder, name))
    writeFileSync(resolv ?? '', 'nameserver 127.0.0.1\n')
    writeFileSync(hosts ?? '', '127.0.0.1 localhost\n')
    const settings = ['no-resolv', 'no-hosts', 'no-poll', 'listen-address=127.0.0.1', 'bind-interfaces', 'user=root']
    writeFileSync(config ?? '', [...settings, 'log-queries', 'log-facility=-', ...records, ''].join('\n'))
    const commands = [
      'ip link set lo up',
      `mount --bind ${resolv} /etc/resolv.conf`,
      `mount --bind ${hosts} /etc/hosts`,
    ]
    // Ends with its input, that is, with the process that runs the tests.
    const holder = startProgram(
      'unshare',
      ['--net', '--mount', 'sh', '-ec', [...commands, 'echo here; exec cat'].join('; ')],
      {
        lifetime: 'file',
      },
    )
    await holder.stdout.line(/^here$/)
    const words = wordsFor(holder)
    const dnsmasq = startProgram(
      findProgram('dnsmasq') ?? 'dnsmasq',
      ['--keep-in-foreground', `--conf-file=${config}`],
      {
        within: words,
        lifetime: 'file',
      },
    )
    await dnsmasq.line(/started, version/)
    return new NamedNetwork(holder, dnsmasq)
  }

  constructor(holder: Program, dnsmasq: Program) {
    this.#holder = holder
    this.dnsmasq = dnsmasq
  }

  /** Runs a shell's commands in it, and throws when one fails. */
  run(commands: string, input = ''): void {
    const [program = '', ...args] = this.words
    const { status, stderr } = spawnSync(program, [...args, 'sh', '-ec', commands], { input, encoding: 'utf8' })
    if (status !== 0) throw new Error(`failed with ${status}: ${commands}\n${stderr}`)
  }

  /** For `within` of programs. */
  get words(): readonly string[] {
    return wordsFor(this.#holder)
  }
}

function wordsFor({ pid }: Program): string[] {
  return ['nsenter', `--net=/proc/${pid}/ns/net`, `--mount=/proc/${pid}/ns/mnt`]
}

/** Skips the test where there can be no such network. */
export function requiresNamedNetwork(context: Pick<TestContext, 'skip'>): void {
  requires(context, 'dnsmasq', 'ip', 'nft', 'unshare', 'nsenter')
  const trial = 'mount --bind /etc/resolv.conf /etc/resolv.conf'
  const { status, stderr } = spawnSync('unshare', ['--net', '--mount', 'sh', '-ec', trial], { encoding: 'utf8' })
  if (status !== 0) context.skip(`namespaces are not permitted here (${stderr.trim().replace(/\n.*/s, '')})`)
}
