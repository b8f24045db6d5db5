import { Command } from 'commander'
import type { Context } from '../context.ts'
import { relayConfiguration } from '../options/relay-config.ts'
import { printableLine } from '../terminal/printable.ts'

const checkExamples = `
Examples:
  msrp relay check /etc/msrp-relay/relay.toml              # before a start: ports have to be free
  msrp relay check /etc/msrp-relay/relay.toml --running    # before a reload

Exit codes: 0 nothing is wrong, 2 something in the file, 3 it cannot be read, 4 a file that it names, 5 a port; 2 when it
is several of these.`

/** `msrp relay check`: says everything that is wrong with a configuration. */
export function checkCommand({ output }: Context): Command {
  return new Command('check')
    .summary('say what is wrong with a configuration')
    .description(
      'Say everything that is wrong with a configuration: in the file, in the files that it names, with the ports. Nothing is changed.',
    )
    .argument('<FILE>', 'settings (TOML)')
    .option('--running', 'the relay runs, so its ports are in use')
    .option('--json', 'print the result as a JSON object on standard output')
    .addHelpText('after', checkExamples)
    .action(async (file: string, options: { running?: boolean }) => {
      const { examine, relayCertificates } = await import('msrp-relay')
      const { settings, misconfigured } = await relayConfiguration(file)
      const flaws = await examine(settings, { ports: !options.running })
      if (flaws.length > 0) throw misconfigured(flaws)
      const own = settings.tls.certificate === undefined
      for (const warning of own ? [] : (await relayCertificates(settings)).warnings) output.warn(warning)
      output.event({ event: 'checked', file })
      if (!output.json) output.print(printableLine(`${file}: nothing is wrong`))
    })
}

/** `msrp relay config`: prints what holds. */
export function configCommand({ output }: Context): Command {
  return new Command('config')
    .summary('print the settings that hold')
    .description('Print all settings that hold, defaults included, as TOML. Secrets are masked.')
    .option('--config <FILE>', 'settings (TOML)')
    .option('--json', 'print them as a JSON object on standard output')
    .action(async (options: { config?: string }) => {
      const { writeSettings } = await import('msrp-relay')
      const { settings } = await relayConfiguration(options.config)
      output.event({ event: 'settings', settings })
      if (!output.json) output.print(writeSettings(settings).trimEnd())
    })
}
