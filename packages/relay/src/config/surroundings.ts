import { readFileSync } from 'node:fs'
import { homedir, networkInterfaces } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/** What defaults depend on, of the machine and of the way the relay is run. */
export interface Surroundings {
  /** Whether this machine has the address ::1. */
  readonly ipv6Loopback: boolean
  /** Where state goes when nothing else is said. */
  readonly stateFolder: string
}

/** What the defaults of settings take from this machine and from where this program lies. */
export function surroundings(): Surroundings {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  return {
    ipv6Loopback: addresses.some(({ address }) => address === '::1'),
    stateFolder: defaultStateFolder({
      cloneRoot: cloneRoot(import.meta.dirname),
      xdgStateHome: process.env.XDG_STATE_HOME,
      home: homedir(),
    }),
  }
}

/**
 * `state` in a clone of the sources, so that trying things out leaves nothing elsewhere and every command run there
 * finds the same users; for an installed relay the place that the XDG base directories give to state.
 */
export function defaultStateFolder(options: { cloneRoot?: string; xdgStateHome?: string; home: string }): string {
  const { cloneRoot, xdgStateHome, home } = options
  if (cloneRoot !== undefined) return join(cloneRoot, 'state')
  // The XDG specification has relative values ignored.
  const base = xdgStateHome !== undefined && isAbsolute(xdgStateHome) ? xdgStateHome : join(home, '.local', 'state')
  return join(base, 'msrp-relay')
}

/**
 * The top folder of the sources when this program runs from them, undefined when it is installed.
 * @param folder where this file lies: `packages/relay/src/config` of a clone
 */
export function cloneRoot(folder: string): string | undefined {
  const root = resolve(folder, '../../../..')
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const workspaces = typeof manifest === 'object' && manifest !== null && 'workspaces' in manifest
    return workspaces && folder === join(root, 'packages', 'relay', 'src', 'config') ? root : undefined
  } catch {
    return undefined
  }
}
