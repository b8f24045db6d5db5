import { access, constants, stat } from 'node:fs/promises'
import { unreadable } from 'msrp/node'
import type { Flaw, Settings } from 'msrp-relay'
import { Misconfigured } from '../failure.ts'
import { programName } from '../terminal/shell-word.ts'

/** The configuration of a relay, from its file or the defaults. */
export interface RelayConfiguration {
  readonly settings: Settings
  /** Says of flaws in which file and line they are, as an error. */
  readonly misconfigured: (flaws: readonly Flaw[]) => Misconfigured
}

/**
 * The settings of a relay, from its configuration file or the defaults.
 * @throws MsrpError `file-unreadable`
 * @throws Misconfigured with everything that is wrong in the file
 */
export async function relaySettings(config: string | undefined): Promise<Settings> {
  return (await relayConfiguration(config)).settings
}

/** The same, with what tells where in the file something is. */
export async function relayConfiguration(config: string | undefined): Promise<RelayConfiguration> {
  const { flawLines, keyName, readSettings, readSettingsFile } = await import('msrp-relay')
  const misconfigured = (flaws: readonly Flaw[]): Misconfigured =>
    new Misconfigured(
      [...flawLines(config, flaws), ...(config === undefined && flaws.some(isTaken) ? [startedTwice()] : [])],
      flaws.map(({ path, line, message, code = 'invalid-argument' }) => ({ key: keyName(path), line, message, code })),
    )
  if (config === undefined) return { settings: await readSettings(), misconfigured }
  await checkReadable(config)
  const reading = await readSettingsFile(config)
  if (reading.settings === undefined) throw misconfigured(reading.flaws)
  const { settings, lineOf } = reading
  return {
    settings,
    misconfigured: (flaws) => misconfigured(flaws.map((flaw) => ({ ...flaw, line: flaw.line ?? lineOf(flaw.path) }))),
  }
}

/** Whether a port cannot be had. */
function isTaken({ code }: Flaw): boolean {
  return code === 'unreachable'
}

function startedTwice(): string {
  const other = `${programName()} relay --config FILE`
  return `A relay that runs already may have it: use that one. A second one needs ports of its own: ${other}`
}

async function checkReadable(config: string): Promise<void> {
  try {
    await access(config, constants.R_OK)
    if ((await stat(config)).isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' })
  } catch (error) {
    throw unreadable(config, error)
  }
}
