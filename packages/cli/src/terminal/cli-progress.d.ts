/** The part of cli-progress 3.12 that is used; the package brings no types. */
declare module 'cli-progress' {
  export interface BarOptions<Payload> {
    readonly stream: NodeJS.WriteStream
    /** Redraws a second. */
    readonly fps: number
    readonly hideCursor: boolean
    readonly clearOnComplete: boolean
    /** Draws each time and not only on change: what is printed above a bar moves it to another line. */
    readonly forceRedraw: boolean
    readonly format: (options: unknown, parameters: { readonly maxWidth: number }, payload: Payload) => string
  }

  export interface Bar<Payload> {
    update(payload: Partial<Payload>): void
  }

  export class MultiBar<Payload> {
    constructor(options: BarOptions<Payload>)
    create(total: number, start: number, payload: Payload): Bar<Payload>
    remove(bar: Bar<Payload>): boolean
    /** Prints above the bars at the next `update`; the text has to end with a line feed. */
    log(text: string): void
    update(): void
    stop(): void
  }

  const cliProgress: { MultiBar: typeof MultiBar }
  export default cliProgress
}
