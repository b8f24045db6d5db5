import { MsrpUri } from '../wire/index.ts'
import {
  checkOptions,
  FUNCTION,
  isObject,
  isText,
  LIST,
  OBJECT,
  type OptionRule,
  oneOf,
  TEXT,
  TYPES,
  YES_OR_NO,
} from './option-rules.ts'
import type { PrepareOptions } from './options.ts'
import type { ListenOptions } from './platform.ts'
import { readArgument } from './read-argument.ts'

const PORT: OptionRule = ['a port from 0 to 65535', isPort]
const TIME: OptionRule = ['a number of milliseconds', isAmount]
const SIZE: OptionRule = ['a number of bytes', isAmount]
const LEAST_ONE: OptionRule = ['a number of bytes above 0', (value) => isAmount(value) && value !== 0]

const RULES: Readonly<Record<keyof PrepareOptions, OptionRule>> = {
  local: ['a text, or an object with host and port', (value) => isText(value) || (isObject(value) && isPlace(value))],
  relay: ['an object with uri', (value) => isObject(value) && 'uri' in value],
  listen: OBJECT,
  remotePath: oneOf('strict', 'first'),
  tls: OBJECT,
  signal: ['an AbortSignal', (value) => isObject(value) && 'addEventListener' in value],
  acceptTypes: TYPES,
  acceptWrappedTypes: LIST,
  containers: LIST,
  peerAcceptTypes: LIST,
  peerAcceptWrappedTypes: LIST,
  envelope: ['an object with wrap', (value) => isObject(value) && 'wrap' in value],
  peerFingerprint: ['a text or a list of texts', (value) => [value].flat().every(isText)],
  maxMessageSize: LEAST_ONE,
  peerMaxMessageSize: SIZE,
  resumeKey: TEXT,
  sessmatch: YES_OR_NO,
  onRequest: FUNCTION,
  onNickname: FUNCTION,
  reportOn: oneOf('taken', 'received'),
  reportTimeout: TIME,
  chunkSize: SIZE,
  keepAlive: TIME,
  idleTimeout: TIME,
  closeTimeout: TIME,
  limits: OBJECT,
}

const LISTEN_RULES: Readonly<Record<keyof ListenOptions, OptionRule>> = {
  host: TEXT,
  port: PORT,
  tls: OBJECT,
  publicHost: TEXT,
  publicPort: PORT,
}

/** Whether everything that a local path is made from is what it has to be. @throws MsrpError `invalid-argument` */
export function checkPrepareOptions(options: PrepareOptions): void {
  const { listen = {}, local } = options
  checkOptions('options', options, RULES)
  checkOptions('listen', listen, LISTEN_RULES)
  if (isText(local)) readArgument('The local URI', () => MsrpUri.parse(local))
}

function isPlace(value: object): boolean {
  return 'host' in value && isText(value.host) && 'port' in value && isPort(value.port)
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && isAmount(value) && Number(value) <= 65_535
}

function isAmount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0
}
