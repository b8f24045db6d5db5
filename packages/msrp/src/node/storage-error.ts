import { MsrpError } from '../wire/index.ts'
import { errorCode } from './socket-error.ts'

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than the file system allows',
  EIO: 'the device reports an error',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder, not a file',
  EEXIST: 'a file of that name exists already, and it stays as it is',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'this process has too many files open',
  ENFILE: 'this machine has too many files open',
}

/** One line about a file that could not be written: MsrpError `storage`. */
export function storageError(path: string, cause: unknown): MsrpError {
  if (cause instanceof MsrpError) return cause
  return new MsrpError('storage', `cannot write ${path}: ${fileReason(cause)}`, { cause })
}

/** One line about a file that was to be sent: MsrpError `file-unreadable`. */
export function unreadable(path: string, cause: unknown): MsrpError {
  if (cause instanceof MsrpError) return cause
  return new MsrpError('file-unreadable', `cannot read ${path}: ${fileReason(cause)}`, { cause })
}

function fileReason(cause: unknown): string {
  return reasons[errorCode(cause)] ?? (cause instanceof Error ? cause.message : String(cause))
}
