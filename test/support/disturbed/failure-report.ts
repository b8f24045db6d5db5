import type { TraceEvent } from 'msrp'

/** What a failure REPORT that came over the wire says. */
export interface FailureReport {
  readonly messageId: string
  readonly status: number
}

/** The failure REPORT that a trace shows to have come, if that is what it shows. */
export function failureReport({ direction, text }: TraceEvent): FailureReport | undefined {
  if (direction === 'out' || !/^MSRP \S+ REPORT\r\n/.test(text)) return undefined
  const status = Number(/^Status: 000 (\d{3})/m.exec(text)?.[1])
  return status === 200 ? undefined : { status, messageId: /^Message-ID: (\S+)/m.exec(text)?.[1] ?? '' }
}
