import type { Direction } from './api.ts'

export const DIRECTIONS: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive']

/** What the writer of the first may do, when the other one says the second of itself (RFC 3264 §6.1). */
export function together(own: Direction, other: Direction): Direction {
  const sends = maySend(own) && mayReceive(other)
  const receives = mayReceive(own) && maySend(other)
  if (sends) return receives ? 'sendrecv' : 'sendonly'
  return receives ? 'recvonly' : 'inactive'
}

function maySend(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly'
}

function mayReceive(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'recvonly'
}
