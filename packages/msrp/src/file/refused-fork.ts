import { MsrpError } from '../wire/index.ts'
import { FileTransfer } from './file-transfer.ts'

/**
 * What a further answer to the same offer gets of a file that only one dialog can have, or that was given up here: its session is
 * closed as soon as it is there, and its m-line has port 0 in the next offer.
 */
export class RefusedFork extends FileTransfer<never> {
  protected async transfer(): Promise<never> {
    const error = new MsrpError(
      'aborted',
      'The file was aborted here, or only the first who answered the offer can have or send it',
    )
    this.giveUp(error)
    throw error
  }

  protected stop(): void {}

  protected async never(): Promise<void> {}
}
