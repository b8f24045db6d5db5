/** Who is writing a message (RFC 3994): says it to the other side, and hears it from there. In Node and in browsers. */
export type { DocumentSource } from '../xml/index.ts'
export { Composer, type ComposerOptions } from './composer.ts'
export { Composers, type ComposersOptions, type ComposingPeer, type ComposingSource } from './composers.ts'
export { type ComposingRoom, composerOn, type SessionComposerOptions } from './session-composer.ts'
export { buildComposing, COMPOSING_TYPE, type ComposingStatus, parseComposing } from './status.ts'
