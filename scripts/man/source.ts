import { shapeOf } from '../../packages/cli/src/command-shape.ts'
import { buildProgram } from '../../packages/cli/src/program.ts'
import { Output } from '../../packages/cli/src/terminal/output.ts'
import { settingsReference } from '../../packages/relay/src/config/reference.ts'
import type { ManSource } from './pages.ts'

/** What man pages say, from the commands and the settings as they are in this clone. */
export function manSource(release: { version: string; date: string }): ManSource {
  const context = {
    output: new Output({ json: false, stop: () => {} }),
    signal: AbortSignal.abort(),
    signals: { grace: 0, onHangUp: undefined, end: () => {} },
  }
  return { program: shapeOf(buildProgram(context)), settings: settingsReference(), ...release }
}
