import { Failure, verdictOn } from './failure.ts'

/** How a command takes signals. */
export interface SignalHandling {
  /** How long cleaning up may take after the first one, in milliseconds; a command that needs longer says so. */
  grace: number
  /** What SIGHUP asks for: the end, unless a program that no terminal holds has something better to do. */
  onHangUp: (() => void) | undefined
}

/** A second signal counts from here on; npm passes Ctrl-C on to a program that the terminal has told already. */
const SAME_KEYSTROKE = 300

const failures = {
  SIGINT: (): Failure => new Failure('interrupted', 'interrupted'),
  SIGTERM: (): Failure => new Failure('terminated', 'terminated'),
  SIGHUP: (): Failure => new Failure('hung-up', 'the terminal is gone'),
} as const

/**
 * Turns signals into an abort whose reason is the `Failure` to end with. The first signal lets the program clean up,
 * as long as `handling` allows; the second ends it at once.
 */
export function abortOnSignals(controller: AbortController, handling: SignalHandling): void {
  let firstAt: number | undefined
  for (const [name, failure] of Object.entries(failures)) {
    process.on(name, () => {
      if (name === 'SIGHUP' && handling.onHangUp !== undefined && firstAt === undefined) {
        handling.onHangUp()
        return
      }
      const reason = failure()
      const { exitCode } = verdictOn(reason)
      if (firstAt === undefined) {
        firstAt = performance.now()
        controller.abort(reason)
        setTimeout(() => process.exit(exitCode), handling.grace).unref()
      } else if (performance.now() - firstAt > SAME_KEYSTROKE) {
        process.exit(exitCode)
      }
    })
  }
}
