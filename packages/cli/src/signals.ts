import { Failure, verdictOn } from './failure.ts'

/** How long cleaning up may take after the first signal; a command that needs longer says so. */
export interface Grace {
  milliseconds: number
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
 * as long as `grace` allows; the second ends it at once.
 */
export function abortOnSignals(controller: AbortController, grace: Grace): void {
  let firstAt: number | undefined
  for (const [name, failure] of Object.entries(failures)) {
    process.on(name, () => {
      const reason = failure()
      const { exitCode } = verdictOn(reason)
      if (firstAt === undefined) {
        firstAt = performance.now()
        controller.abort(reason)
        setTimeout(() => process.exit(exitCode), grace.milliseconds).unref()
      } else if (performance.now() - firstAt > SAME_KEYSTROKE) {
        process.exit(exitCode)
      }
    })
  }
}
