import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import type { RandomAccessBody } from 'msrp'
import { FileSource, unreadable } from 'msrp/node'
import { mediaTypeOf, UNKNOWN_TYPE } from './media-type.ts'

/** Something to be sent. */
export interface Source {
  /** How it is called in messages to the user. */
  label: string
  body: string | RandomAccessBody | AsyncIterable<Uint8Array>
  /** Absent for texts, and for standard input without `--name`. */
  fileName?: string
  /** Bytes; undefined for what is read from a pipe. */
  size: number | undefined
  contentType: string
  /** Always sent as a file, also without a name. */
  attached: boolean
  /** Gives back what was opened, if the body was never sent. */
  close(): Promise<void>
}

/** What the user says about a file instead of what its name tells. */
export interface SourceOptions {
  name?: string
  type?: string
}

/**
 * Opens a file, or standard input for `-`.
 * @throws MsrpError `file-unreadable` when it is missing, unreadable or a folder
 */
export async function openSource(path: string, options: SourceOptions = {}): Promise<Source> {
  if (path === '-') return standardInput(options)
  const file = await FileSource.open(path)
  const { size } = file
  const close = (): Promise<void> => file.close()
  const fileName = options.name ?? file.name
  return {
    label: path,
    fileName,
    contentType: options.type ?? mediaTypeOf(fileName),
    attached: true,
    // A named pipe or a device can be read in order only, and nobody knows how much there is.
    body: size === undefined ? file : { size, read: (position, length) => file.read(position, length) },
    size,
    close,
  }
}

/** Something to be sent whose turn has not come. */
export interface WaitingSource {
  /** @throws MsrpError `file-unreadable` when it cannot be read any more */
  open(): Promise<Source>
  /** Gives back what is held until the turn comes; harmless after `open`. */
  close(): Promise<void>
}

/**
 * Makes sure that a file can be read, without keeping it open: there may be more files than a process may have open.
 * @throws MsrpError `file-unreadable` when it is missing, unreadable or a folder
 */
export async function checkSource(path: string, options: SourceOptions = {}): Promise<WaitingSource> {
  const source = await openSource(path, options)
  // Whoever writes into a pipe would be killed by its reader's going away; a device may not give the same again.
  if (source.size === undefined) return { open: async () => source, close: () => source.close() }
  await source.close()
  return { open: () => openSource(path, options), close: async () => {} }
}

/** A text to be read at the other end. */
export function textSource(text: string): Source {
  return {
    label: 'the text',
    body: text,
    size: Buffer.byteLength(text),
    contentType: 'text/plain;charset=utf-8',
    attached: false,
    close: async () => {},
  }
}

function standardInput({ name, type }: SourceOptions): Source {
  return {
    label: 'standard input',
    body: readAll(process.stdin, 'standard input'),
    ...(name === undefined ? {} : { fileName: name }),
    size: undefined,
    contentType: type ?? (name === undefined ? UNKNOWN_TYPE : mediaTypeOf(name)),
    attached: true,
    close: async () => void process.stdin.destroy(),
  }
}

async function* readAll(stream: AsyncIterable<unknown>, label: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of stream) yield piece as Uint8Array
  } catch (error) {
    throw unreadable(label, error)
  }
}

/**
 * Opens a file whose name was typed into the chat: as it is, or as terminals paste it, in quotes or with backslashes.
 * @throws MsrpError `file-unreadable`
 */
export async function openTyped(typed: string): Promise<Source> {
  for (const path of spellings(typed)) {
    const found = await stat(path).then(
      () => true,
      () => false,
    )
    if (found) return openSource(path)
  }
  // A file called - is not standard input here.
  return openSource(typed === '-' ? './-' : typed)
}

function spellings(typed: string): string[] {
  const unquoted = /^'([^']*)'$/.exec(typed)?.[1] ?? /^"([^"]*)"$/.exec(typed)?.[1] ?? typed.replace(/\\(.)/g, '$1')
  const atHome = unquoted.replace(/^~(?=\/)/, homedir())
  return [typed === '-' ? './-' : typed, atHome]
}
