import type { FileSink } from '../session/platform.ts'

/** A file that can be written by position: the part of `FileSystemFileHandle` that is needed. */
export interface WritableFile {
  createWritable(): Promise<FileSystemWritableFileStream>
  /** Where a browser has it: takes the file away. */
  remove?(): Promise<void>
}

/**
 * Has `saveTo` write to a file on disk: one that the user has chosen (`showSaveFilePicker`, `showDirectoryPicker`), or of
 * the origin's private file system (`navigator.storage.getDirectory`). What comes is written as it comes; the file has it
 * when all of it is there. When the message fails, the file stays as it was; pass `created` for one that was made for the
 * message, and it goes away again where the browser lets it.
 *
 * What a broken session has brought cannot be read back before it is complete: `resumeFor` does not work with it.
 *
 * @throws DOMException what `createWritable` throws: the user has not allowed it, or there is no room
 */
export async function fileSink(file: WritableFile, options: { readonly created?: boolean } = {}): Promise<FileSink> {
  const writable = await file.createWritable()
  return {
    write: (position, data) => writable.write({ type: 'write', position, data: data as Uint8Array<ArrayBuffer> }),
    finish: () => writable.close(),
    discard: async () => {
      // There is nobody left to tell.
      await writable.abort().catch(() => {})
      if (options.created) await file.remove?.().catch(() => {})
    },
  }
}
