import type { SessionStatistics, Traffic } from '../session/api.ts'

const NOTHING: Traffic = { messages: 0, chunks: 0, bytes: 0, reports: 0 }

export const NO_STATISTICS: SessionStatistics = {
  sent: NOTHING,
  received: NOTHING,
  unconfirmed: { messages: 0, bytes: 0 },
  resentBytes: 0,
  failures: {},
  roundTrip: undefined,
  age: 0,
  idle: 0,
}

/** What two sessions, one after the other, have done together. */
export function addStatistics(one: SessionStatistics, next: SessionStatistics): SessionStatistics {
  const failures: Record<number, number> = { ...one.failures }
  for (const [status, count] of Object.entries(next.failures)) {
    failures[Number(status)] = (failures[Number(status)] ?? 0) + count
  }
  return {
    sent: addTraffic(one.sent, next.sent),
    received: addTraffic(one.received, next.received),
    unconfirmed: next.unconfirmed,
    resentBytes: one.resentBytes + next.resentBytes,
    failures,
    roundTrip: next.roundTrip ?? one.roundTrip,
    age: one.age + next.age,
    idle: next.idle,
  }
}

function addTraffic(one: Traffic, next: Traffic): Traffic {
  return {
    messages: one.messages + next.messages,
    chunks: one.chunks + next.chunks,
    bytes: one.bytes + next.bytes,
    reports: one.reports + next.reports,
  }
}
