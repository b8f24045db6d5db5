import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Program, type ProgramOptions, startProgram } from './process.ts'
import { repositoryRoot } from './repository.ts'

/** Builds the package of this clone; gives the path of the file. */
export async function buildPackage(out: string, args: readonly string[] = []): Promise<string> {
  // Xz takes a minute of processor time for Node.
  const words = [join(repositoryRoot, 'scripts/deb.ts'), '--out', out, '--compression', 'none', ...args]
  const env = { SOURCE_DATE_EPOCH: '1800000000' }
  return (await succeed(startProgram(process.execPath, words, { lifetime: 'file', env }), 240_000)).trim()
}

/** A package like another one, of a higher version and with another example of its configuration. */
export async function laterPackage(file: string, version: string, folder: string): Promise<string> {
  const tree = join(folder, 'later')
  const run = (command: string, args: string[]): Promise<string> =>
    succeed(startProgram(command, args, { lifetime: 'file' }), 120_000)
  await run('dpkg-deb', ['--raw-extract', file, tree])
  const control = join(tree, 'DEBIAN/control')
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, `Version: ${version}`))
  writeFileSync(join(tree, 'etc/msrp-relay/relay.toml'), '# The example of a later version.\n', { flag: 'a' })
  const later = join(folder, 'later.deb')
  await run('dpkg-deb', ['--root-owner-group', '-Znone', '--build', tree, later])
  return later
}

/** A Debian in a folder: nothing of it runs but what is called, and its services are never started. */
export class Debian {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** Installs the smallest system there is, from where this machine has its own packages. */
  static async install(folder: string): Promise<Debian> {
    const targets = await succeed(
      startProgram('apt-get', ['indextargets', '--format', '$(SITE)', 'Created-By: Packages'], { lifetime: 'file' }),
    )
    const mirror = targets.split('\n').find((site) => /\/debian\/?$/.test(site)) ?? 'http://deb.debian.org/debian'
    const include = '--include=libstdc++6,adduser'
    const args = ['--variant=minbase', include, 'bookworm', folder, mirror]
    await succeed(startProgram('debootstrap', args, { lifetime: 'file', env: { TMPDIR: undefined } }), 240_000)
    // The ordinary way to keep services of a chroot from being started.
    writeFileSync(join(folder, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 })
    return new Debian(folder)
  }

  /** Starts a program inside, as root or as another user of it. */
  start(words: readonly string[], options: ProgramOptions & { user?: string } = {}): Program {
    const { user, env, ...others } = options
    const as = user === undefined ? [] : [`--userspec=${user}:${user}`]
    return startProgram('chroot', [...as, this.folder, ...words], {
      ...others,
      env: {
        ...env,
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: '/nonexistent',
        LC_ALL: 'C.UTF-8',
        DEBIAN_FRONTEND: 'noninteractive',
        XDG_STATE_HOME: undefined,
        TMPDIR: undefined,
        NODE_COMPILE_CACHE: undefined,
      },
    })
  }

  /** Runs a program inside that must end well; gives its standard output. */
  run(words: readonly string[], milliseconds = 120_000): Promise<string> {
    return succeed(this.start(words, { lifetime: 'file' }), milliseconds)
  }

  /** Installs or upgrades as an administrator does who has the file; a configuration that was changed stays. */
  async dpkgInstall(file: string): Promise<string> {
    const name = '/tmp/package.deb'
    writeFileSync(this.path(name), readFileSync(file))
    try {
      return await this.run(['dpkg', '--force-confold', '--force-unsafe-io', '--install', name])
    } finally {
      await this.run(['rm', name])
    }
  }

  /** All files and folders, as `find` sees them; what is the kernel's is left out. */
  async paths(): Promise<Set<string>> {
    const found = await this.run([
      'find',
      '/',
      '-xdev',
      '(',
      '-path',
      '/proc',
      '-o',
      '-path',
      '/sys',
      ')',
      '-prune',
      '-o',
      '-print',
    ])
    return new Set(found.trim().split('\n'))
  }

  /** A path inside, as it is outside. */
  path(inside: string): string {
    return join(this.folder, inside)
  }

  has(inside: string): boolean {
    return existsSync(this.path(inside))
  }

  read(inside: string): string {
    return readFileSync(this.path(inside), 'utf8')
  }

  write(inside: string, text: string, mode = 0o644): void {
    mkdirSync(join(this.path(inside), '..'), { recursive: true })
    writeFileSync(this.path(inside), text, { mode })
  }

  /**
   * Boots it with systemd as its first process, has a shell script run as a service, and gives what that prints. Needs
   * systemd installed inside, and systemd-nspawn outside.
   */
  async boot(script: string): Promise<string> {
    this.write('/root/script.sh', `#!/bin/sh\nexec >/root/script.out 2>&1\n${script}\n`, 0o755)
    const unit = [
      '[Unit]\nAfter=multi-user.target',
      '[Service]\nType=oneshot\nExecStart=/root/script.sh\nExecStopPost=systemctl --no-block poweroff\nTimeoutStartSec=240',
    ]
    this.write('/etc/systemd/system/script.service', `${unit.join('\n')}\n`)
    this.write('/etc/systemd/system/script.timer', '[Timer]\nOnActiveSec=0\n')
    await this.run(['systemctl', 'add-wants', 'multi-user.target', 'script.timer'])
    const args = ['--quiet', '--boot', '--register=no', '--keep-unit', '--private-network', '--console=pipe']
    const program = startProgram('systemd-nspawn', [...args, `--directory=${this.folder}`], { lifetime: 'file' })
    const exit = await program.exit(300_000)
    if (exit.code !== 0) throw new Error(program.describe())
    return this.read('/root/script.out')
  }
}

/** Standard output of a program that must end well. */
export async function succeed(program: Program, milliseconds = 60_000): Promise<string> {
  const { code } = await program.exit(milliseconds)
  if (code !== 0) throw new Error(program.describe())
  return program.stdout.text
}
