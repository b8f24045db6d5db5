import { join } from 'node:path'
import { type Program, startMsrp } from './process.ts'
import { type RandomFile, writeRandomFile } from './random-file.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A folder where two people find each other's descriptions, and the programs of both. */
export class Exchange {
  readonly folder: string = temporaryFolder()
  readonly offer: string = join(this.folder, 'offer.sdp')
  readonly answer: string = join(this.folder, 'answer.sdp')
  readonly inbox: string = join(this.folder, 'inbox')

  send(args: readonly string[]): Program {
    const given = ['--offer', this.offer, '--answer', this.answer]
    return startMsrp(['send', '--json', ...args, ...given], { cwd: this.folder })
  }

  receive(args: readonly string[] = []): Program {
    const given = ['--offer', this.offer, '--answer', this.answer, '--dir', this.inbox]
    return startMsrp(['receive', '--json', ...args, ...given], { cwd: this.folder })
  }

  /** One of our files. */
  async file(name: string, size: number, seed?: number): Promise<RandomFile> {
    return writeRandomFile(join(this.folder, name), size, seed)
  }
}
