import { access, constants, stat } from 'node:fs/promises'
import { unreadable } from 'msrp/node'
import type { Settings } from 'msrp-relay'

/**
 * The settings of a relay, from its configuration file or the defaults.
 * @throws MsrpError `file-unreadable`, or `invalid-argument` for what is wrong in the file
 */
export async function relaySettings(config: string | undefined): Promise<Settings> {
  if (config !== undefined) await checkReadable(config)
  const { readSettings } = await import('msrp-relay')
  return readSettings(config)
}

async function checkReadable(config: string): Promise<void> {
  try {
    await access(config, constants.R_OK)
    if ((await stat(config)).isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' })
  } catch (error) {
    throw unreadable(config, error)
  }
}
