import { Command } from 'commander'
import type { RunningRelay, RunningWorkers, Settings } from 'msrp-relay'
import { type Context, untilAborted } from '../context.ts'
import { relayConfiguration } from '../options/relay-config.ts'
import { programName } from '../terminal/shell-word.ts'
import { checkCommand, configCommand } from './relay-config.ts'
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
as the setting drain allows, then it exits with 0. A second signal ends it at once.`

/** `msrp relay`: runs a relay; its users are managed below it. */
export function relayCommand(context: Context): Command {
  return new Command('relay')
    .summary('run a relay, manage its users')
    .description('Run a relay. Without a configuration it serves this machine only and makes what it needs.')
    .option('--config <FILE>', 'settings (TOML)')
    .option('--json', 'print where it listens as a JSON object on standard output')
    .option('-v, --verbose', 'log what happens to each connection as well')
    .addHelpText('after', examples)
    .action((options: RelayOptions) => runRelay(options, context))
    .addCommand(userCommand(context))
    .addCommand(checkCommand(context))
    .addCommand(configCommand(context))
}

async function runRelay(options: RelayOptions, { output, signal, signals }: Context): Promise<void> {
  // Loaded only here: what a relay needs is large, and the other commands start faster without it.
  const { examine, startRelay, startWorkers, workerCount } = await import('msrp-relay')
  const { settings: read, misconfigured } = await relayConfiguration(options.config)
  const flaws = await examine(read)
  if (flaws.length > 0) throw misconfigured(flaws)
  const settings: Settings = options.verbose ? { ...read, log: { ...read.log, level: 'debug' } } : read
  const start = workerCount(settings.workers) > 1 ? startWorkers : startRelay
  await using relay = await untilAborted<RunningRelay | RunningWorkers>(start(settings), signal)
  signals.grace += settings.drain * 1000
  await greet(relay, settings, options, output)
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
  await ('failed' in relay ? Promise.race([stopped, relay.failed]) : stopped)
  output.say(output.faint('The relay stops; what is under way comes to its end first.'))
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
