import type { MsrpUri } from '../wire/index.ts'

/**
 * With whom messages are exchanged, for all that is remembered of them: over one session after another it is the same peer
 * whose Message-IDs count. Unless the application says that it is (`resumeKey`), only who was given the same local path is
 * taken for it, and who is reached by the same path.
 */
export function conversationOf(
  resumeKey: string | undefined,
  localUri: MsrpUri,
  remotePath: readonly MsrpUri[] | undefined,
): string {
  if (resumeKey !== undefined) return `key ${resumeKey}`
  return remotePath === undefined ? `at ${localUri.key}` : `to ${remotePath.map(({ key }) => key).join(' ')}`
}
