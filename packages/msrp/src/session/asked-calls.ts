/** What an application asks a session or message for besides texts, and what a peer's file names take: see `Parts`. */
export { formatContentDisposition, parseContentDisposition } from '../wire/content-disposition.ts'
export { gather, saveTo } from './saving.ts'
export { UnreadMemory } from './unread-memory.ts'
export { WaitingMessages } from './waiting-messages.ts'
