/** The same text by itself: what was cut out of a header may keep all of that alive. */
export function ownText(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text))
}
