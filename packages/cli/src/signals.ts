import { Failure, verdictOn } from './failure.ts'

/** How a command takes signals. */
export interface SignalHandling {
  /** How long cleaning up may take after the first one, in milliseconds; a command that needs longer says so. */
  grace: number
  /** What SIGHUP asks for: the end, unless a program that no terminal holds has something better to do. */
  onHangUp: (() => void) | undefined
  /** Does what a first SIGTERM does, and counts as none: whoever asks for the end another way may send one all the same. */
  end(): void
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
 * as long as `grace` allows, from 5 s on; the second ends it at once.
 */
export function abortOnSignals(controller: AbortController): SignalHandling {
  let firstAt: number | undefined
  let ending = false
  const begin = (reason: Failure): void => {
    if (ending) return
    ending = true
    controller.abort(reason)
    setTimeout(() => process.exit(verdictOn(reason).exitCode), handling.grace).unref()
  }
  const handling: SignalHandling = { grace: 5_000, onHangUp: undefined, end: () => begin(failures.SIGTERM()) }
  for (const [name, failure] of Object.entries(failures)) {
    process.on(name, () => {
      if (name === 'SIGHUP' && handling.onHangUp !== undefined) {
        // Whoever has renewed a certificate does not know that the program is ending, and wants nothing else of it.
        if (!controller.signal.aborted) handling.onHangUp()
        return
      }
      const reason = failure()
      if (firstAt === undefined) {
        firstAt = performance.now()
        begin(reason)
      } else if (performance.now() - firstAt > SAME_KEYSTROKE) {
        process.exit(verdictOn(reason).exitCode)
      }
    })
  }
  return handling
}
