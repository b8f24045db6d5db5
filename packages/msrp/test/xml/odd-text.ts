import fc from 'fast-check'

/** Texts of what is difficult in XML: marks, blanks, control characters, halves of characters. */
export const oddText: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(
    ...['<', '>', '&', '"', "'", ']', '--', ' ', '\t', '\r', '\n', '\0', '\u0001', '\u001f', '\u007f', '\u0085'],
    ...['\ud800', '\udc00', '\ufffe', '\uffff', '\ufeff', '😀', 'é', 'a', '#x1;', '<![CDATA['],
  ),
  maxLength: 20,
})
