/** Whether a Content-Disposition value says that what it comes with is for keeping rather than for reading (RFC 2183 §2.2). */
export function isAttachment(contentDisposition: string = ''): boolean {
  return /^\s*attachment\b/i.test(contentDisposition)
}
