import { CommanderError } from 'commander'
import { ExitCode } from './exit-code.ts'
import { verdictOn } from './failure.ts'
import { buildProgram } from './program.ts'
import { abortOnSignals } from './signals.ts'
import { Output } from './terminal/output.ts'

/** Runs a command line and gives the exit code. */
export async function run(args: string[]): Promise<number> {
  const controller = new AbortController()
  const { signal } = controller
  const signals = abortOnSignals(controller)
  const verbose = args.includes('--verbose') || args.includes('-v')
  const output = new Output({
    // Before the arguments are understood, so that a mistake in them is told in the form that was asked for.
    json: args.includes('--json'),
    stop: (reason) => controller.abort(reason),
  })
  // What nobody caught ends the program as everything else does: unfinished files go away, and one line says why.
  process.on('uncaughtException', (error) => {
    output.area.stop()
    output.error({ ...verdictOn(error), exitCode: ExitCode.internal })
    if (verbose) output.say(error.stack ?? '')
    process.exit(ExitCode.internal)
  })
  try {
    await buildProgram({ output, signal, signals }).parseAsync(args, { from: 'user' })
    return ExitCode.ok
  } catch (error) {
    return tell(error, signal, output, verbose)
  } finally {
    await output.flush()
  }
}

function tell(error: unknown, signal: AbortSignal, output: Output, verbose: boolean): number {
  if (error instanceof CommanderError) {
    // Help and version have been printed; the help that stands for a missing command is an error of usage.
    return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage
  }
  const verdict = verdictOn(endOf(error, signal))
  output.area.stop()
  output.error(verdict)
  if (verdict.exitCode === ExitCode.internal && verbose && error instanceof Error) output.say(error.stack ?? '')
  return verdict.exitCode
}

// Whatever an interruption makes fail on its way out, the interruption is what counts, unless it is told already.
function endOf(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted || (error instanceof Error && error.cause === signal.reason)) return error
  return signal.reason
}
