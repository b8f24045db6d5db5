import type { MsrpErrorCode } from 'msrp/wire'
import { Secret } from '../config/secret.ts'
import type { Settings } from '../config/settings.ts'
import type { Counters } from '../forwarding/counters.ts'
import type { WorkerAssignment } from './assignment.ts'

/** What the process that starts the workers says to one of them. */
export type ToWorker =
  | { readonly kind: 'start'; readonly settings: PlainSettings; readonly assignment: WorkerAssignment }
  /** Nothing new begins; what is under way comes to its end. Followed by `drained`. */
  | { readonly kind: 'drain' }
  /** Tells senders what was not confirmed, and ends. */
  | { readonly kind: 'stop' }
  /** Other settings hold from now on. Followed by `reloaded`. */
  | { readonly kind: 'reload'; readonly settings: PlainSettings }
  /** Followed by `facts`. */
  | { readonly kind: 'ask' }
  /** What became of a `please-reload`: the keys that wait for the next start, or why everything stays as it was. */
  | { readonly kind: 'reread'; readonly later: readonly string[] }
  | { readonly kind: 'not-reread'; readonly failure: string }

/** What a worker says. */
export type FromWorker =
  /** It listens to what it is told. */
  | { readonly kind: 'hello' }
  /** It serves. */
  | { readonly kind: 'ready' }
  /** It cannot serve. */
  | { readonly kind: 'failed'; readonly code: MsrpErrorCode; readonly message: string }
  | { readonly kind: 'drained' }
  /** The settings hold, unless there is a reason why not. */
  | { readonly kind: 'reloaded'; readonly failure?: string }
  | { readonly kind: 'facts'; readonly facts: WorkerFacts }
  /** Its admin port was asked to have the relay read its configuration again. Followed by `reread` or `not-reread`. */
  | { readonly kind: 'please-reload' }
  /** Its admin port was asked to have the relay stop in order. */
  | { readonly kind: 'please-stop' }

/** What a worker tells of itself. */
export interface WorkerFacts {
  readonly connections: number
  readonly tokens: number
  readonly counters: Counters
}

/** Settings as JSON has them. */
export type PlainSettings = { readonly [key: string]: unknown }

/** A key that no setting has. */
const SECRET = '$secret'

/** Settings for a message. Secrets are in it: it is for one's own processes alone. */
export function packSettings(settings: Settings): PlainSettings {
  const pack = (value: unknown): unknown => {
    if (value instanceof Secret) return { [SECRET]: value.reveal() }
    if (Array.isArray(value)) return value.map(pack)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, pack(item)]))
  }
  return pack(settings) as PlainSettings
}

/** The settings of such a message. */
export function unpackSettings(packed: PlainSettings): Settings {
  const unpack = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(unpack)
    if (typeof value !== 'object' || value === null) return value
    if (SECRET in value) return new Secret(String(value[SECRET]))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpack(item)]))
  }
  return unpack(packed) as Settings
}
