import type { Trace, TraceLine } from './wire-traces.ts'

/** Lines that may wait for somebody who does not read; what comes then is left out and counted. */
const WAITING = 1000

/** What a trace needs of who looks at it, and gives back. */
type Start = (caller: {
  show: (line: TraceLine) => void
  onEnd: () => void
}) => { trace: Trace; stop: () => void } | undefined

/**
 * A response that shows a trace as it runs, one JSON object a line: first the trace, then its lines, and `{"leftOut":N}`
 * where lines are missing. It ends with the trace, and the trace with it. Undefined when the trace did not start.
 */
export function traceStream(start: Start): Response | undefined {
  let stop = (): void => {}
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let leftOut = 0
  const put = (value: object): void => controller?.enqueue(new TextEncoder().encode(`${JSON.stringify(value)}\n`))
  const tellLeftOut = (): void => {
    if (leftOut > 0) put({ leftOut })
    leftOut = 0
  }
  const started = start({
    show: (line) => {
      if ((controller?.desiredSize ?? 0) <= 0) {
        leftOut++
        return
      }
      tellLeftOut()
      put(line)
    },
    onEnd: () => {
      tellLeftOut()
      controller?.close()
      controller = undefined
    },
  })
  if (started === undefined) return undefined
  stop = started.stop
  const body = new ReadableStream<Uint8Array>(
    {
      start: (given) => {
        controller = given
        put(started.trace)
      },
      cancel: () => {
        controller = undefined
        stop()
      },
    },
    { highWaterMark: WAITING },
  )
  return new Response(body, { headers: { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' } })
}
