import { MsrpError } from 'msrp/wire'

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied; give this user access to it, or choose another place',
  EPERM: 'not permitted; give this user access to it, or choose another place',
  EROFS: 'the file system is read-only; choose a place that can be written',
  ENOSPC: 'no space is left on the device; make room or choose another place',
  EDQUOT: 'the disk quota is used up; make room or choose another place',
  ENOENT: 'there is no such file; correct the path',
  EEXIST: 'something else has that name; move it away or choose another place',
  ENOTDIR: 'a part of the path is a file, not a folder; correct the path',
  EISDIR: 'it is a folder, not a file; correct the path',
  ELOOP: 'its symbolic links lead in a circle; correct them',
  EMFILE: 'too many files are open; raise the limit (ulimit -n)',
}

/**
 * One line about a file or folder that cannot be used: what was tried, on what, why not, and what to do.
 * An error that is such a line already comes back unchanged.
 */
export function storageError(error: unknown, action: 'read' | 'write' | 'create', path: string): MsrpError {
  if (error instanceof MsrpError) return error
  const { code = '', message } = error as NodeJS.ErrnoException
  const reason =
    code === 'ENOENT' && action !== 'read' ? 'its folder does not exist; create it or correct the path' : reasons[code]
  return new MsrpError('storage', `cannot ${action} ${path}: ${reason ?? message}`, { cause: error })
}
