import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { issueCertificate } from 'msrp-relay/certificates'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildPackage, Debian, laterPackage, succeed } from './support/debian.ts'
import { blocksOf } from './support/documents.ts'
import { freePort } from './support/free-port.ts'
import { startProgram } from './support/process.ts'
import { sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { newAuthority } from './support/relay.ts'
import { findProgram, requires } from './support/requires.ts'
import { readText } from './support/source-files.ts'
import { temporaryFolderOfFile } from './support/temporary-folder.ts'

// The package goes through its life in a Debian 12 of its own: first in one without systemd, as in containers, then in one
// that is booted. The tests of a part follow each other.

const folder = temporaryFolderOfFile()
const possible = findProgram('debootstrap') !== undefined && process.getuid?.() === 0
let debian: Debian
let first: string
let later: string
/** What there was before the package came. */
let before: Set<string>

const config = '/etc/msrp-relay/relay.toml'
const state = '/var/lib/msrp-relay'
/** In the words of dpkg-query. */
const versionField = '--showformat=$' + '{Version}'

beforeAll(async () => {
  if (!possible) return
  // Others than root have to get in: the relay's user, and apt's.
  const system = join(folder, 'debian')
  ;[first, debian] = await Promise.all([buildPackage(join(folder, 'first')), Debian.install(system)])
  later = await laterPackage(first, '99.1', folder)
  await succeed(startProgram('chmod', ['711', folder], { lifetime: 'file' }))
  before = await debian.paths()
}, 360_000)

beforeEach((context) => {
  requires(context, 'debootstrap', 'dpkg-deb')
  context.skip(process.getuid?.() !== 0, 'needs root, for chroot')
})

test('the same clone gives the same package, byte for byte', async () => {
  const again = await buildPackage(join(folder, 'again'))
  expect(digest(again)).toBe(digest(first))
})

test('lintian has nothing to say', async (context) => {
  requires(context, 'lintian')
  const lintian = startProgram('lintian', [
    '--allow-root',
    // The tests' packages are not compressed, for the sake of time.
    '--suppress-tags',
    'uses-no-compression-for-control-tarball,uses-no-compression-for-data-tarball',
    '--tag-display-limit',
    '0',
    '--fail-on',
    'error,warning',
    first,
  ])
  expect(await lintian.exit(300_000), lintian.describe()).toEqual({ code: 0, signal: null })
  expect(lintian.stdout.text).toBe('')
})

describe('in a Debian without systemd', () => {
  test('it is installed, with a user, and a configuration that others cannot read', async () => {
    await debian.dpkgInstall(first)
    expect(await debian.run(['getent', 'passwd', 'msrp-relay'])).toMatch(
      /^msrp-relay:x:\d+:\d+:[^:]*:\/var\/lib\/msrp-relay:\/usr\/sbin\/nologin$/m,
    )
    const facts = (path: string): Promise<string> => debian.run(['stat', '--format=%U:%G %a', path])
    expect(await facts(config)).toBe('root:msrp-relay 640\n')
    expect(await facts('/etc/msrp-relay/tls')).toBe('root:msrp-relay 750\n')
    expect(await facts(state)).toBe('msrp-relay:msrp-relay 700\n')
    expect(await debian.run(['dpkg', '--verify', 'msrp-relay'])).toBe('')
    expect(await debian.run(['dpkg', '--audit'])).toBe('')
  })

  test('the licences of all that it brings are in its copyright file', () => {
    const copyright = debian.read('/usr/share/doc/msrp-relay/copyright')
    for (const name of ['Node.js', 'V8', 'OpenSSL', 'zod', 'pino', 'kysely', 'commander'])
      expect(copyright).toContain(name)
    const modules = debian.path('/usr/lib/msrp-relay/node_modules')
    expect(statSync(join(modules, 'msrp-cli/dist/main.js')).isFile()).toBe(true)
  })

  test('its relay runs as its user as the unit has it, and a file goes through it', { timeout: 120_000 }, async () => {
    const port = await freePort()
    debian.write(
      config,
      `state_folder = "${state}"\n# Changed by hand.\n[[listen]]\nhost = "127.0.0.1"\nport = ${port}\n`,
    )
    await debian.run(['chown', 'root:msrp-relay', config])
    const unit = debian.read('/lib/systemd/system/msrp-relay.service')
    const command = (key: string): string[] => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1]?.split(' ') ?? []
    await succeed(debian.start(command('ExecStartPre'), { user: 'msrp-relay' }))
    const relay = debian.start(command('ExecStart'), { user: 'msrp-relay' })
    await relay.line(/"event":"listening"/, 30_000)

    const file = await writeRandomFile(debian.path('/tmp/sent.bin'), 20_000_000)
    const through = (user: string): string[] => [
      ...[
        '--relay',
        `msrps://localhost:${port};tcp`,
        '--user',
        `${user}@localhost`,
        '--resolve',
        'localhost=127.0.0.1',
      ],
      ...['--password-file', `${state}/${user}.password`, '--ca', `${state}/ca.pem`],
    ]
    const receiver = debian.start(['msrp', 'receive', '--dir', '/tmp/in', '--count', '1', ...through('bob')])
    const [, path = ''] = await receiver.line(/--to '([^']+)'/, 30_000)
    await succeed(debian.start(['msrp', 'send', '/tmp/sent.bin', '--to', path, ...through('alice')]))
    expect(await receiver.exit()).toEqual({ code: 0, signal: null })
    expect(await sha256OfFile(debian.path('/tmp/in/sent.bin'))).toBe(file.sha256)
    await debian.run(['rm', '-r', '/tmp/in', '/tmp/sent.bin'])

    relay.kill('SIGTERM')
    expect(await relay.exit()).toEqual({ code: 0, signal: null })
  })

  test('an upgrade keeps users, certificates and the changed configuration', async () => {
    const kept = [`${state}/users.sqlite`, `${state}/ca.pem`, `${state}/alice.password`, config]
    const contents = kept.map((path) => digest(debian.path(path)))
    await debian.dpkgInstall(later)
    expect(await debian.run(['dpkg-query', '--show', versionField, 'msrp-relay'])).toContain('99.1')
    expect(kept.map((path) => digest(debian.path(path)))).toEqual(contents)
    expect(debian.read(`${config}.dpkg-dist`)).toContain('The example of a later version.')
    expect(await debian.run(['stat', '--format=%U:%G %a', config])).toBe('root:msrp-relay 640\n')
  })

  test('a removal leaves state and configuration, and the program is gone', async () => {
    await debian.run(['dpkg', '--remove', 'msrp-relay'])
    expect(debian.has('/usr/bin/msrp')).toBe(false)
    expect(debian.has('/usr/lib/msrp-relay')).toBe(false)
    expect(debian.has(config)).toBe(true)
    expect(debian.has(`${state}/users.sqlite`)).toBe(true)
  })

  test('a purge leaves nothing', async () => {
    debian.write('/etc/msrp-relay/tls/relay.pem', 'put there by a hook')
    await debian.run(['dpkg', '--purge', 'msrp-relay'])
    const after = await debian.paths()
    const left = [...after].filter((path) => !before.has(path))
    // Copies that the tools of users and packages keep of their own files.
    expect(
      left.filter(
        (path) => !/^\/(etc\/(passwd|group|shadow|gshadow)-|run\/adduser|var\/(lib\/dpkg|cache|log)\/.*)$/.test(path),
      ),
    ).toEqual([])
    expect([...before].filter((path) => !after.has(path))).toEqual([])
    expect(debian.read('/etc/passwd')).not.toContain('msrp-relay')
  })
})

describe('in a Debian that is booted', () => {
  let transcript: string

  beforeAll(async () => {
    if (!possible || findProgram('systemd-nspawn') === undefined) return
    await debian.run(
      ['apt-get', 'install', '--yes', '--no-install-recommends', 'systemd', 'systemd-sysv', 'dbus'],
      180_000,
    )
    await debian.run(['rm', '/usr/sbin/policy-rc.d'])
    await Promise.all([copy(first, 'first.deb'), copy(later, 'later.deb')])
    const page = readText('docs/operating.md')
    debian.write('/root/relay.toml', blocksOf(page, 'toml')[0] ?? '')
    const hook = blocksOf(page, 'sh').find((block) => block.startsWith('#!')) ?? ''
    debian.write('/etc/letsencrypt/renewal-hooks/deploy/msrp-relay', hook, 0o755)
    for (const which of ['first', 'renewed']) {
      // Each from an authority of its own, so that a client tells one from the other.
      const ca = await newAuthority()
      const { certificate, key } = await issueCertificate({ names: ['relay.example.com', 'example.com'], ca })
      debian.write(`/root/${which}/fullchain.pem`, certificate, 0o600)
      debian.write(`/root/${which}/privkey.pem`, key, 0o600)
      debian.write(`/root/${which}/ca.pem`, ca.certificate)
    }
    transcript = await debian.boot(life)
  }, 300_000)

  beforeEach((context) => requires(context, 'systemd-nspawn'))

  test.each<[what: string, line: RegExp]>([
    ['after its installation it runs, and starts at the next boot', /^installed: active enabled$/m],
    ['it has told systemd that it serves', /^status: Serves localhost\.$/m],
    [
      'it runs as its user, without capabilities, behind the system call filter',
      /^process: msrp-relay 0000000000000000 1 2$/m,
    ],
    ['it may open as many files as the unit says, if the machine lets it', /^files: 65536$/m],
    ['it relays', /^probe: 0$/m],
    ['its reload ends when it has read its configuration again, in the same process', /^reload: 0 same$/m],
    ['a bad configuration makes the reload fail', /^bad reload: 1 active same$/m],
    ['with all that is wrong and where in the journal', /line \d+: unknown key nonsense/],
    ['and it relays on with what it had', /^probe after bad reload: 0$/m],
    ['as the guide has it, it serves with the certificate that the hook of certbot has brought', /^certificate: 0 6$/m],
    ['and with a renewed one from then on, in the same process', /^renewed: 0 6 same$/m],
    ['which only its group can read', /^keys: root:msrp-relay 640$/m],
    ['after a crash it is started again', /^after crash: active$/m],
    ['an upgrade restarts it', /^upgraded: 99\.1 active another$/m],
    ['somebody who has disabled it finds it disabled after an upgrade', /^disabled: disabled$/m],
    ['a bad configuration lets an installation succeed all the same', /^broken: 0 installed$/m],
    ['a stop takes no longer than it needs', /^stop: 0 inactive success$/m],
    ['a removal stops it', /^removed: inactive none$/m],
    ['a purge takes the unit and its links away', /^purged:\s*$/m],
  ])('%s', (_, line) => {
    expect(transcript).toMatch(line)
  })

  async function copy(file: string, name: string): Promise<void> {
    await succeed(startProgram('cp', [file, debian.path(`/root/${name}`)], { lifetime: 'file' }))
  }
})

const life = `
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
unit=msrp-relay
active() { systemctl is-active $unit; }
pid() { systemctl show --property MainPID --value $unit; }
# Bounded, for what systemd does by itself.
until_active() { for i in $(seq 100); do systemctl --quiet is-active $unit && break; sleep 0.1; done; }
probe() { msrp probe localhost:2855 --user alice@localhost --password-file ${state}/alice.password --ca ${state}/ca.pem --resolve localhost=127.0.0.1 >/dev/null; echo $?; }
same() { [ "$1" = "$(pid)" ] && echo same || echo another; }

dpkg --force-unsafe-io --install /root/first.deb
echo "installed: $(active) $(systemctl is-enabled $unit)"
echo "status: $(systemctl show --property StatusText --value $unit)"
main=$(pid)
echo "process: $(stat --format=%U /proc/$main) $(awk '/^(CapBnd|NoNewPrivs|Seccomp):/ {print $2}' /proc/$main/status | tr '\\n' ' ' | sed 's/ $//')"
echo "files: $(systemctl show --property LimitNOFILE --value $unit)"
echo "probe: $(probe)"
systemctl reload $unit; echo "reload: $? $(same $main)"
cp ${config} /root/good.toml
sed -i '1i nonsense = 1' ${config}
systemctl reload $unit; echo "bad reload: $? $(active) $(same $main)"
echo "probe after bad reload: $(probe)"
cat /root/good.toml >${config}
lineage=/etc/letsencrypt/live/relay.example.com
mkdir -p $lineage
hook() { cp /root/$1/*.pem $lineage; RENEWED_LINEAGE=$lineage /etc/letsencrypt/renewal-hooks/deploy/msrp-relay; }
# 0 when the certificate is from that authority, 6 when not.
trusts() { msrp probe relay.example.com:2855 --user carol@example.com --password-file /root/carol.password --ca /root/$1/ca.pem --resolve relay.example.com=127.0.0.1 >/dev/null; echo $?; }
hook first
cat /root/relay.toml >${config}
systemctl restart $unit; main=$(pid)
echo secret >/root/carol.password
runuser -u msrp-relay -- msrp relay user add carol@example.com --config ${config} </root/carol.password
echo "certificate: $(trusts first) $(trusts renewed)"
hook renewed
for i in $(seq 10); do [ "$(trusts renewed)" = 0 ] && break; sleep 0.2; done
echo "renewed: $(trusts renewed) $(trusts first) $(same $main)"
echo "keys: $(stat --format='%U:%G %a' /etc/msrp-relay/tls/relay.example.com.key)"
cat /root/good.toml >${config}
systemctl restart $unit; main=$(pid)
kill -KILL $main; for i in $(seq 50); do [ "$(pid)" = "$main" ] || break; sleep 0.1; done; until_active
echo "after crash: $(active)"
# So many starts within a minute are not what people do.
systemctl reset-failed $unit
main=$(pid)
dpkg --force-confold --force-unsafe-io --install /root/later.deb
echo "upgraded: $(dpkg-query --show --showformat='\${Version}' $unit) $(active) $(same $main)"
systemctl disable $unit; dpkg --force-confold --force-unsafe-io --install /root/later.deb
echo "disabled: $(systemctl is-enabled $unit)"
systemctl stop $unit; echo "stop: $? $(active) $(systemctl show --property Result --value $unit)"
sed -i '1i nonsense = 1' ${config}
dpkg --force-confold --force-unsafe-io --install /root/later.deb
echo "broken: $? $(dpkg-query --show --showformat='\${db:Status-Status}' $unit)"
cat /root/good.toml >${config}
systemctl reset-failed $unit; systemctl enable --now $unit; main=$(pid)
dpkg --remove $unit
echo "removed: $(active) $([ -d /proc/$main ] && echo process || echo none)"
dpkg --purge $unit
echo "purged: $(find /etc /var/lib /var/log /lib /usr -name '*msrp*' -not -path '/var/lib/dpkg/*' -not -path '/etc/letsencrypt/*')"
journalctl --no-pager --unit $unit
`

function digest(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
