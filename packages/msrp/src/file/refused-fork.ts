import { MsrpError } from '../wire/index.ts'
import { FileTransfer } from './file-transfer.ts'

/**
 * What a further answer to the same offer gets of a file that only one dialog can have: its session is closed as soon as it is
 * there, and its m-line has port 0 in the next offer.
 */
export class RefusedFork extends FileTransfer<never> {
  protected async transfer(): Promise<never> {
    const error = new MsrpError('aborted', 'The file goes to, or comes from, the first of several who answer the offer')
    this.giveUp(error)
    throw error
  }

  protected stop(): void {}

  protected never(): void {}
}
