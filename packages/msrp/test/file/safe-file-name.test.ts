import { describe, expect, test } from 'vitest'
import { safeFileName } from '../../src/file/index.ts'

describe('a name from the peer becomes one that is safe to store under', () => {
  test.each([
    ['photo.jpg', 'photo.jpg'],
    ['Übersicht 2024 (final).pdf', 'Übersicht 2024 (final).pdf'],
    ['日本語.txt', '日本語.txt'],
    ['👨‍👩‍👧 family.png', '👨‍👩‍👧 family.png'],
    ["it's.txt", "it's.txt"],
    // Paths of both kinds, absolute and climbing.
    ['/etc/passwd', 'passwd'],
    ['../../.ssh/authorized_keys', 'authorized_keys'],
    ['C:\\Windows\\System32\\evil.dll', 'evil.dll'],
    ['\\\\server\\share\\x.txt', 'x.txt'],
    ['..\\..\\x', 'x'],
    ['folder/', 'folder'],
    ['a/../b/..', 'b'],
    // Nothing left of it.
    ['', 'unnamed'],
    ['.', 'unnamed'],
    ['..', 'unnamed'],
    ['../..', 'unnamed'],
    ['   ', 'unnamed'],
    ['\u200b\u202e', 'unnamed'],
    // Hidden files, and names that commands take for options.
    ['.bashrc', 'bashrc'],
    ['...hidden', 'hidden'],
    [' . .x', 'x'],
    ['-rf', '_rf'],
    ['--help', '_-help'],
    // Control characters and what reverses the reading order.
    ['a\u0000b', 'a_b'],
    ['a\nb.txt', 'a_b.txt'],
    ['\u001b]0;owned\u0007.txt', '_]0;owned_.txt'],
    ['invoice\u202efdp.exe', 'invoicefdp.exe'],
    ['a\u0085b', 'a_b'],
    ['a\u2028b', 'a_b'],
    ['\ud800x', '_x'],
    // What Windows and its network drives cannot store.
    ['a:b', 'a_b'],
    ['a<b>c"d|e?f*g', 'a_b_c_d_e_f_g'],
    ['con', '_con'],
    ['NUL.txt', '_NUL.txt'],
    ['Aux .log', '_Aux .log'],
    ['com1.tar.gz', '_com1.tar.gz'],
    ['LPT³', '_LPT³'],
    ['console.txt', 'console.txt'],
    ['com10', 'com10'],
    ['name.', 'name'],
    ['name. . ', 'name'],
    // The same letters in one spelling.
    ['u\u0308.txt', 'ü.txt'],
  ])('%j → %j', (name, safe) => {
    expect(safeFileName(name)).toBe(safe)
  })

  test('a file without a name gets one, with the extension of its type', () => {
    expect(safeFileName(undefined, '.jpg')).toBe('unnamed.jpg')
    expect(safeFileName('..', '.jpg')).toBe('unnamed.jpg')
    expect(safeFileName('kept', '.jpg')).toBe('kept')
  })

  test.each([
    ['a'.repeat(300), 136],
    [`${'a'.repeat(300)}.jpeg`, 136],
    [`${'ü'.repeat(300)}.jpeg`, 135],
    [`${'👨‍👩‍👧'.repeat(300)}.x`, 128],
    [`a.${'b'.repeat(300)}`, 1],
  ])('a name that is too long is cut between characters and keeps its extension: %j', (name, bytes) => {
    const safe = safeFileName(name)
    expect(Buffer.byteLength(safe)).toBe(bytes)
    expect(safe).not.toMatch(/[\ud800-\udbff]$|^[\udc00-\udfff]/)
    if (/\.\w{1,5}$/.test(name)) expect(safe.endsWith(name.slice(name.lastIndexOf('.')))).toBe(true)
  })

  test('whatever the name, the result is one usable component', () => {
    const characters = ['a', '.', '/', '\\', ' ', '-', '\0', ':', '\u202e', 'con', '\ud800', 'é', '~', '\n']
    let seed = 1
    for (let round = 0; round < 5_000; round++) {
      let name = ''
      for (let length = 0; length < 8; length++) {
        seed = (seed * 48271) % 2147483647
        name += characters[seed % characters.length]
      }
      const safe = safeFileName(name)
      expect(safe).toMatch(/^[^./\\\s\p{Cc}:-][^/\\\p{Cc}:]*$/u)
      expect(safe).not.toMatch(/[.\s]$/)
      expect(safe.normalize('NFC')).toBe(safe)
      expect(safeFileName(safe)).toBe(safe)
    }
  })
})
