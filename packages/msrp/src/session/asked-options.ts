/** What the options of a session or endpoint ask for, loaded before there is any: see `Parts`. */
export { checkWrappedTypes, decisionOn, NicknameRequests } from './decisions.ts'
export { IdleWatch } from './idle-watch.ts'
export { InterruptedMessages } from './interrupted-messages.ts'
export { KeepAlive } from './keep-alive.ts'
export { StallWatch } from './stall-watch.ts'
export { traceOf } from './wire-trace.ts'
export { unwantedIn } from './wrapped-types.ts'
