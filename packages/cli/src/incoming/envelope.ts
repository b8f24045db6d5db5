import { MsrpError } from 'msrp'
import { type CpimMessage, parseCpim } from 'msrp/cpim'
import { isAttachment, parseMediaType } from 'msrp/wire'
import type { StoredFile } from './stored-file.ts'
import { TextSink } from './text-sink.ts'

/**
 * Takes a short message/cpim (RFC 3862), and looks inside before the sender is told that it was taken: a text is for
 * reading; anything else, and what cannot be opened, is stored as it came.
 */
export class EnvelopeSink extends TextSink {
  /** What was inside, if that is a text. */
  text: string | undefined
  /** Where it was stored, if it was. */
  file: StoredFile | undefined
  readonly #store: () => Promise<StoredFile>

  constructor(store: () => Promise<StoredFile>) {
    super()
    this.#store = store
  }

  override async finish(): Promise<void> {
    this.text = textIn(this.body)
    if (this.text !== undefined) return
    this.file = await this.#store()
    await this.file.write(0, this.body)
    await this.file.finish()
  }

  override async discard(): Promise<void> {
    await this.file?.discard()
  }
}

function textIn(body: Uint8Array): string | undefined {
  try {
    return textOf(parseCpim(body))
  } catch (error) {
    if (error instanceof MsrpError) return undefined
    throw error
  }
}

function textOf(message: CpimMessage): string | undefined {
  const { head } = message
  const attached = isAttachment(head.contentField('Content-Disposition'))
  const isText = parseMediaType(head.contentType)?.type === 'text/plain'
  // RFC 3862 §3.5: what requires more than this program knows is not shown as if it had been understood.
  return isText && !attached && head.notUnderstood().length === 0 ? message.text() : undefined
}
