import { Command, Option } from 'commander'
import { Endpoint, MsrpError, type NodeEndpointOptions, type RelayOptions, type Session, type TraceEvent } from 'msrp'
import { type Context, untilAborted } from '../context.ts'
import { Failure } from '../failure.ts'
import { addConnectionOptions, type ConnectionOptions, endpointOptions, relayOptions } from '../options/connection.ts'
import { readRelay, readSeconds, readUser } from '../options/values.ts'
import { PASSWORD_VARIABLE } from '../password.ts'
import type { Output } from '../terminal/output.ts'

interface ProbeOptions extends ConnectionOptions {
  user: string
  passwordFile?: string
  timeout: number
}

const examples = `
Examples:
  msrp probe relay.example.com --user monitor@example.com --password-file /etc/msrp/monitor
  msrp probe 'msrps://relay.example.com:2855;tcp' --user monitor@example.com --json --timeout 5

Two connections log in to the relay, one sends the other a message through it, and its success report
comes back. The exit code tells monitoring what is wrong: 0 healthy, 5 unreachable, 6 and 7 certificate,
8 no MSRP relay there, 9 login, 10 token, 11 refused, 12 connection lost, 13 too slow.`

/** `msrp probe`: is a relay healthy? Answered by a real transaction. */
export function probeCommand(context: Context): Command {
  const command = new Command('probe')
    .summary('tell whether a relay is healthy')
    .description('Tell whether a relay is healthy, by a real message through it, with the time of each step.')
    .argument('<URI>', "the relay, such as relay.example.com or 'msrps://relay.example.com:2855;tcp'", readRelay)
    .requiredOption('--user <NAME@DOMAIN>', 'the user to log in as', readUser)
    .option('--password-file <FILE>', `file with the password; else ${PASSWORD_VARIABLE}, else it is asked for`)
    .addOption(
      new Option('--timeout <SECONDS>', 'longest time for all steps together')
        .argParser(readSeconds)
        .default(30_000, '30'),
    )
  addConnectionOptions(command)
  return command
    .addHelpText('after', examples)
    .action((uri: string, options: ProbeOptions) => probe(uri, options, context))
}

async function probe(uri: string, options: ProbeOptions, { output, signal }: Context): Promise<void> {
  const endpoints = await endpointOptions(options, output)
  const relay = await relayOptions({ ...options, relay: uri }, output)
  if (!relay) throw new Failure('usage', 'name the relay to probe')
  const { timeout } = options
  const deadline = AbortSignal.timeout(timeout)
  const steps = new Steps(output)
  try {
    await untilAborted(
      takeSteps(steps, endpoints, relay, AbortSignal.any([signal, deadline])),
      AbortSignal.any([signal, deadline]),
    )
  } catch (error) {
    if (!deadline.aborted || signal.aborted) throw error
    throw new MsrpError('timeout', `${steps.current} is not done after ${timeout / 1000} s in all`)
  }
  const milliseconds = steps.total
  if (!output.json) output.print(`${'healthy'.padEnd(12)}${milliseconds.toFixed(1).padStart(9)} ms`)
  output.event({ event: 'done', messages: 1, bytes: steps.bytes, milliseconds })
}

async function takeSteps(
  steps: Steps,
  options: NodeEndpointOptions,
  relay: RelayOptions,
  signal: AbortSignal,
): Promise<void> {
  await using receiving = new Endpoint({ ...options, trace: steps.watch(options.trace) })
  const receiver = await steps.login('1', () => receiving.prepare({ relay, signal }))
  await using sending = new Endpoint({ ...options, trace: steps.watch(options.trace) })
  const sender = await steps.login('2', () => sending.prepare({ relay, signal }))

  const [senderSession, receiverSession] = await steps.take('session', () =>
    Promise.all([
      sender.complete(receiver.localPath, { active: true, signal }),
      receiver.complete(sender.localPath, { active: false, signal }),
    ]),
  )
  await exchange(steps, senderSession, receiverSession, signal)
}

async function exchange(steps: Steps, sender: Session, receiver: Session, signal: AbortSignal): Promise<void> {
  const text = `probe ${crypto.randomUUID()}`
  steps.bytes = Buffer.byteLength(text)
  const arrival = firstText(receiver)
  const sent = sender.send(text, { signal })
  const arrived = await steps.take('message', () => Promise.race([arrival, sent.delivered.then(() => arrival)]))
  if (arrived !== text) throw new MsrpError('not-msrp', 'the relay delivered another text than the one sent')
  await steps.take('report', () => sent.delivered)
}

async function firstText(session: Session): Promise<string | undefined> {
  for await (const message of session) return message.text()
  return undefined
}

/** The steps of a probe and the time that each takes. */
class Steps {
  /** What is being waited for. */
  current = 'nothing'
  /** Milliseconds of all steps. */
  total = 0
  /** Bytes of the message. */
  bytes = 0
  readonly #output: Output
  #firstRequest: (() => void) | undefined

  constructor(output: Output) {
    this.#output = output
  }

  /** Runs a step and tells how long it took. */
  async take<T>(name: string, action: () => Promise<T>): Promise<T> {
    this.current = name
    const start = performance.now()
    const result = await action()
    this.#tell(name, performance.now() - start)
    return result
  }

  /** Two steps in one call of the library: the connection stands when the first request goes out. */
  async login<T>(number: string, action: () => Promise<T>): Promise<T> {
    const connect = `connect ${number}`
    this.current = connect
    let start = performance.now()
    this.#firstRequest = () => {
      this.#firstRequest = undefined
      const now = performance.now()
      this.#tell(connect, now - start)
      this.current = `auth ${number}`
      start = now
    }
    const result = await action()
    this.#tell(this.current, performance.now() - start)
    return result
  }

  /** A trace that notices the first request of a connection, and hands everything on. */
  watch(next: ((event: TraceEvent) => void) | undefined): (event: TraceEvent) => void {
    return (event) => {
      if (event.direction === 'out') this.#firstRequest?.()
      next?.(event)
    }
  }

  #tell(name: string, duration: number): void {
    const milliseconds = Math.round(duration * 1000) / 1000
    this.total = Math.round((this.total + milliseconds) * 1000) / 1000
    this.#output.event({ event: 'step', name, milliseconds })
    if (!this.#output.json) this.#output.print(`${name.padEnd(12)}${milliseconds.toFixed(1).padStart(9)} ms`)
  }
}
