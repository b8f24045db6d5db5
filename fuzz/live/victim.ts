import type { Server } from './server.ts'

/** Who is attacked, and what shows that it still does its work. */
export interface Victim {
  readonly server: Server
  /** A proper client is served as it should be; rejects when it is not. */
  check(): Promise<void>
  close(): Promise<void>
}

/** Rejects when a promise does not settle in time. */
export async function within<T>(milliseconds: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${milliseconds} ms: ${what}`)), milliseconds)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
