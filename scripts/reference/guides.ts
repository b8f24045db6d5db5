/** The guide of each entry point, by its path from the root of the clone. */
export const guideOfEntryPoint: Readonly<Record<string, string>> = {
  msrp: 'packages/msrp/README.md',
  'msrp/wire': 'docs/wire.md',
  'msrp/cpim': 'docs/cpim.md',
  'msrp/sdp': 'docs/sdp.md',
  'msrp/file': 'docs/file.md',
  'msrp/multipart': 'docs/multipart.md',
  'msrp/imdn': 'docs/imdn.md',
  'msrp/composing': 'docs/composing.md',
  'msrp/chatroom': 'docs/chatroom.md',
  'msrp/resuming': 'docs/resuming.md',
  'msrp/connection': 'docs/wire.md',
  'msrp/node': 'docs/wire.md',
  'msrp/browser': 'docs/browser.md',
  'msrp-relay': 'docs/relay.md',
  'msrp-relay/certificates': 'docs/relay.md',
}
