import { expect, test } from 'vitest'
import { extensionFor, mediaTypeOf } from '../src/outgoing/media-type.ts'

test.each([
  ['photo.jpg', 'image/jpeg'],
  ['PHOTO.JPEG', 'image/jpeg'],
  ['notes.txt', 'text/plain'],
  ['archive.tar.gz', 'application/gzip'],
  ['README', 'application/octet-stream'],
  ['.bashrc', 'application/octet-stream'],
  ['constructor', 'application/octet-stream'],
  ['a.constructor', 'application/octet-stream'],
])('%s is sent as %s', (name, type) => {
  expect(mediaTypeOf(name)).toBe(type)
})

test.each([
  ['image/jpeg', '.jpg'],
  ['text/plain;charset=utf-8', '.txt'],
  ['TEXT/HTML', '.html'],
  ['application/octet-stream', ''],
  ['application/x-unheard-of', ''],
])('a nameless %s is stored with the extension %j', (type, extension) => {
  expect(extensionFor(type)).toBe(extension)
})
