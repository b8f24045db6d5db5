import { Command } from 'commander'
import type { RunningRelay, RunningWorkers, Settings } from 'msrp-relay'
import { type Context, untilAborted } from '../context.ts'
import { Misconfigured } from '../failure.ts'
import { relayConfiguration } from '../options/relay-config.ts'
import { ServiceManager } from '../service-manager.ts'
import { programName } from '../terminal/shell-word.ts'
import { adminCommands } from './relay-admin.ts'
import { checkCommand, configCommand } from './relay-config.ts'
import { credentialsCommand } from './relay-credentials.ts'
import { userCommand } from './relay-user.ts'

interface RelayOptions {
  config?: string
  json?: boolean
  verbose?: boolean
}

const examples = `
Examples:
  msrp relay                          on this machine only, with two users to try it
  msrp relay --config relay.toml
  msrp relay check relay.toml         say what is wrong with it
  msrp relay user add carol@localhost

SIGTERM and Ctrl-C stop it in order: nothing new begins, what is under way comes to its end, for as long
as the setting drain allows, then it exits with 0. A second signal ends it at once. SIGHUP has a relay
without a terminal read its configuration and certificates again, which disturbs nobody.`

/** `msrp relay`: runs a relay; its users are managed below it. */
export function relayCommand(context: Context): Command {
  const command = new Command('relay')
    .summary('run a relay, manage its users')
    .description('Run a relay. Without a configuration it serves this machine only and makes what it needs.')
    .option('--config <FILE>', 'settings (TOML)')
    .option('--json', 'print where it listens as a JSON object on standard output')
    .option('-v, --verbose', 'log what happens to each connection as well')
    .addHelpText('after', examples)
    .action((options: RelayOptions) => runRelay(options, context))
    .addCommand(userCommand(context))
    .addCommand(credentialsCommand(context))
    .addCommand(checkCommand(context))
    .addCommand(configCommand(context))
  for (const admin of adminCommands(context)) command.addCommand(admin)
  return command
}

async function runRelay(options: RelayOptions, { output, signal, signals }: Context): Promise<void> {
  // Loaded only here: what a relay needs is large, and the other commands start faster without it.
  const { createLog, startRelay, startWorkers, workerCount } = await import('msrp-relay')
  const settings = await readSettings(options, { ports: true })
  const log = createLog(settings.log)
  const manager = new ServiceManager({ environment: process.env, warn: (message) => output.warn(message) })
  const readAgain = async (): Promise<readonly string[]> => {
    await manager.reloading()
    try {
      const wanted = await readSettings(options, { ports: false })
      const later = await relay.reload(wanted)
      if (later.length === 0) log.info({}, reloaded(later))
      else log.warn({ later }, reloaded(later))
      return later
    } catch (error) {
      const why = error instanceof Misconfigured ? { mistakes: error.lines } : { err: error }
      log.error(why, 'the configuration cannot be read again; all stays as it was')
      throw error
    } finally {
      await manager.ready(`Serves ${settings.advertised.name}.`)
    }
  }
  // One after another, or an older state of the file could come to hold last.
  let reloading: Promise<unknown> = Promise.resolve()
  const reload = (): Promise<readonly string[]> => {
    const reloaded = reloading.then(readAgain)
    reloading = reloaded.catch(() => {})
    return reloaded
  }
  // Not at once: whoever asks gets an answer first.
  const drain = (): void => void setImmediate(() => signals.end())
  const start = workerCount(settings.workers) > 1 ? startWorkers : startRelay
  await using relay = await untilAborted<RunningRelay | RunningWorkers>(start(settings, { log, reload, drain }), signal)
  signals.grace += settings.drain * 1000
  // On a terminal SIGHUP says that the terminal is gone.
  if (!process.stdin.isTTY && !process.stderr.isTTY) signals.onHangUp = () => void reload().catch(() => {})
  await greet(relay, settings, options, output)
  await manager.ready(`Serves ${settings.advertised.name}.`)
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
  await ('failed' in relay ? Promise.race([stopped, relay.failed]) : stopped)
  // Not awaited: clients are to learn of the stop at once.
  void manager.stopping(settings.drain + 5)
  output.say(output.faint('The relay stops; what is under way comes to its end first.'))
}

/** The settings, and what they name, without a flaw. `ports`: whether those have to be free. */
async function readSettings(options: RelayOptions, { ports }: { ports: boolean }): Promise<Settings> {
  const { examine } = await import('msrp-relay')
  const { settings, misconfigured } = await relayConfiguration(options.config)
  const flaws = await examine(settings, { ports })
  if (flaws.length > 0) throw misconfigured(flaws)
  return options.verbose ? { ...settings, log: { ...settings.log, level: 'debug' } } : settings
}

function reloaded(later: readonly string[]): string {
  const rest =
    later.length === 0
      ? ''
      : `, but for ${later.join(', ')}, which ${later.length === 1 ? 'waits' : 'wait'} for the next start`
  return `the configuration, certificates and users have been read again${rest}`
}

async function greet(
  relay: Pick<RunningWorkers, 'listeners' | 'state'>,
  settings: Settings,
  options: RelayOptions,
  output: Context['output'],
): Promise<void> {
  const { welcome } = await import('msrp-relay')
  const { advertised } = settings
  const { folder, tryout, certificates } = relay.state
  const port = advertised.port ?? relay.listeners.find(({ transport }) => transport === 'tls')?.port ?? 2855
  if (options.json) {
    const ca = certificates.authorityFile
    output.event({
      event: 'listening',
      path: `msrps://${advertised.name}:${port};tcp`,
      ...(ca === undefined ? {} : { ca }),
    })
    return
  }
  output.print(
    welcome(
      {
        name: advertised.name,
        port,
        listeners: relay.listeners,
        stateFolder: folder,
        ...(certificates.authorityFile === undefined ? {} : { authorityFile: certificates.authorityFile }),
        tryout,
      },
      { currentFolder: process.cwd(), command: programName(), colour: hasColours(process.stdout) },
    ),
  )
}

function hasColours(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.hasColors()
}
