import { spawnSync } from 'node:child_process'
import { type Program, startProgram } from '../process.ts'

/**
 * A network of its own, in a namespace that has no name: it lives as long as the process that holds it and those in it,
 * which ends when the tests do, so nothing of it is left whatever happens.
 */
export class NetworkNamespace {
  readonly #holder: Program

  static async create(): Promise<NetworkNamespace> {
    // Ends with its input, that is, with the process that runs the tests.
    const holder = startProgram('unshare', ['--net', 'sh', '-c', 'echo here; exec cat'], { lifetime: 'file' })
    await holder.stdout.line(/^here$/)
    const namespace = new NetworkNamespace(holder)
    namespace.run('ip link set lo up')
    return namespace
  }

  constructor(holder: Program) {
    this.#holder = holder
  }

  get pid(): number {
    return this.#holder.pid
  }

  /** For `within` of programs. */
  get words(): readonly string[] {
    return ['nsenter', `--net=/proc/${this.pid}/ns/net`]
  }

  /** Runs a shell's commands in it, gives what they print, and throws when one fails. */
  run(commands: string, input = ''): string {
    const [program = '', ...args] = this.words
    const { status, stdout, stderr } = spawnSync(program, [...args, 'sh', '-ec', commands], { input, encoding: 'utf8' })
    if (status !== 0) throw new Error(`failed with ${status}: ${commands}\n${stderr}`)
    return stdout
  }

  /** A cable to another one: an interface here, and one there. */
  connect(name: string, other: NetworkNamespace, otherName: string): void {
    this.run(`ip link add ${name} type veth peer name ${otherName} netns ${other.pid}`)
  }
}
