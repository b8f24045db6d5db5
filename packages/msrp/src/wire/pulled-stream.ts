/** Where the bytes of a stream come from, piece by piece. */
export interface BytePuller {
  /** The next bytes; undefined at the end. */
  pull(): Promise<Uint8Array | undefined>
  /** Nobody wants the rest. */
  cancel(reason?: unknown): void | Promise<void>
}

/** A stream from which nothing is fetched before it is asked for: what leaves here counts as taken. */
export function pulledStream(source: BytePuller): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const piece = await source.pull()
        if (piece === undefined) controller.close()
        else controller.enqueue(piece)
      },
      cancel: (reason) => source.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
