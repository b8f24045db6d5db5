/** A message as it comes, in pieces; remembers what becomes of it. */
export class Arriving {
  readonly contentType: string
  readonly size: number
  refused: [status?: number, comment?: string] | undefined
  cancelled = false
  pulled = 0
  readonly #pieces: Uint8Array[] = []

  constructor({ contentType, body }: { contentType: string; body: Uint8Array }, pieceSize = 50) {
    this.contentType = contentType
    this.size = body.length
    for (let at = 0; at < body.length; at += pieceSize) this.#pieces.push(body.slice(at, at + pieceSize))
  }

  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream(
      {
        pull: (controller) => {
          const piece = this.#pieces[this.pulled++]
          if (piece === undefined) controller.close()
          else controller.enqueue(piece)
        },
        cancel: () => {
          this.cancelled = true
        },
      },
      { highWaterMark: 0 },
    )
  }

  refuse(status?: number, comment?: string): void {
    this.refused = [status, comment]
  }

  get drained(): boolean {
    return this.pulled > this.#pieces.length
  }
}
