import { access, constants } from 'node:fs/promises'
import { unreadable } from 'msrp/node'
import type { Settings } from 'msrp-relay'

/**
 * The settings of a relay, from its configuration file or the defaults.
 * @throws MsrpError `file-unreadable`, or `invalid-argument` for what is wrong in the file
 */
export async function relaySettings(config: string | undefined): Promise<Settings> {
  if (config !== undefined) {
    await access(config, constants.R_OK).catch((error: unknown) => {
      throw unreadable(config, error)
    })
  }
  const { readSettings } = await import('msrp-relay')
  return readSettings(config)
}
